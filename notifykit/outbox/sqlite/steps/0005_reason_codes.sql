-- The codes of reasons, beside their texts. NULL where there is only a text: a service's, a plugin's, or one of a version
-- before codes, which is recognised when it is read (see notifykit/wording). `…_params`: JSON, NULL where there are none.
ALTER TABLE tasks ADD COLUMN "reason_code" TEXT;
ALTER TABLE tasks ADD COLUMN "reason_params" TEXT;
ALTER TABLE tasks ADD COLUMN "refusal_code" TEXT;
ALTER TABLE tasks ADD COLUMN "refusal_params" TEXT;

ALTER TABLE pauses ADD COLUMN "reason_code" TEXT;
ALTER TABLE pauses ADD COLUMN "reason_params" TEXT;
