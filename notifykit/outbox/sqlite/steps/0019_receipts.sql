-- What a service told later of a message that it had accepted: `delivered` or `bounced`, and since when. The status stays.
ALTER TABLE tasks ADD COLUMN "receipt" TEXT;
ALTER TABLE tasks ADD COLUMN "receipt_at" REAL;
CREATE INDEX tasks_receipts ON tasks (campaign, receipt) WHERE receipt IS NOT NULL;

-- Recipients that an accepting service left out, as JSON; NULL: none.
ALTER TABLE attempts ADD COLUMN "undelivered" TEXT;

-- By which id a service knows a message.
CREATE INDEX attempts_vendor ON attempts (vendor_id) WHERE vendor_id IS NOT NULL;
