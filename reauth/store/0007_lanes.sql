-- How near all lanes of a session together were to an alarm when an alert was raised, 0 to 100, with
-- the reasons; and what detectors have learnt of everybody, sealed. Nobody's own.

ALTER TABLE alert ADD COLUMN risk BIGINT;
ALTER TABLE alert ADD COLUMN reasons TEXT;

CREATE TABLE detector (
    name TEXT NOT NULL PRIMARY KEY,
    made DOUBLE PRECISION NOT NULL,
    sealed BYTEA NOT NULL
);
