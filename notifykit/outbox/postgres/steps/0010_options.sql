-- What messages say beside their texts, as JSON. NULL: nothing.
ALTER TABLE outbox.messages ADD COLUMN options text;

-- What files hold that messages carry: each content once, however many carry it. `sha256`: of `data`, in hexadecimal.
CREATE TABLE outbox.contents (
    sha256 text COLLATE "C" PRIMARY KEY,
    size bigint NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE outbox.contents ALTER COLUMN data SET STORAGE EXTERNAL;

-- Which tasks carry which.
CREATE TABLE outbox.attached (
    task_id bigint NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    PRIMARY KEY (task_id, sha256)
);
CREATE INDEX attached_contents ON outbox.attached (sha256);
