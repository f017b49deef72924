-- What messages say beside their texts, as JSON. NULL: nothing.
ALTER TABLE tasks ADD COLUMN "options" TEXT;

-- What files hold that messages carry: each content once, however many carry it. `sha256`: of `data`, in hexadecimal.
CREATE TABLE contents (
    sha256 TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    data BLOB NOT NULL
);

-- Which tasks carry which.
CREATE TABLE attached (
    task_id INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (task_id, sha256)
) WITHOUT ROWID;
CREATE INDEX attached_contents ON attached (sha256);
