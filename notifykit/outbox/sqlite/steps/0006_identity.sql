-- By which a project knows its outbox again, wherever the file lies: one row, which a copy keeps.
CREATE TABLE outbox_identity (
    id TEXT NOT NULL
);
INSERT INTO outbox_identity (id) VALUES (lower(hex(randomblob(16))));
