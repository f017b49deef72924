-- The codes of the reasons for which a campaign queues nothing, and of what a channel's latest failure said. NULL where
-- there is only a text.
ALTER TABLE held_campaigns ADD COLUMN "reason_code" TEXT;
ALTER TABLE held_campaigns ADD COLUMN "reason_params" TEXT;

ALTER TABLE outages ADD COLUMN "reason_code" TEXT;
ALTER TABLE outages ADD COLUMN "reason_params" TEXT;
