-- Where an outbox was moved to, or that it is a copy whose proof is not complete: nobody works with either. `state`: `moved`
-- or `unproven`; `other`: the address of the other one; `copy`: by which the two know each other. No row: it is in use.
CREATE TABLE outbox_copy (
    state TEXT NOT NULL,
    other TEXT NOT NULL,
    copy TEXT NOT NULL,
    at REAL NOT NULL
);
