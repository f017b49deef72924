-- The last period of each campaign is found without reading its messages.
CREATE INDEX messages_periods ON outbox.messages (campaign, period) WHERE period <> '';
