-- What a service told later of a message that it had accepted: `delivered` or `bounced`, and since when. The status stays.
ALTER TABLE outbox.tasks ADD COLUMN receipt text COLLATE "C";
ALTER TABLE outbox.tasks ADD COLUMN receipt_at double precision;
CREATE INDEX tasks_receipts ON outbox.tasks (campaign, receipt) WHERE receipt IS NOT NULL;

-- Recipients that an accepting service left out, as JSON; NULL: none.
ALTER TABLE outbox.attempts ADD COLUMN undelivered text;

-- By which id a service knows a message.
CREATE INDEX attempts_vendor ON outbox.attempts (vendor_id) WHERE vendor_id IS NOT NULL;
