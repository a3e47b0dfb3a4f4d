-- Who did what, as a chain of digests (reauth/audit.py). "audit_seal" holds both its ends, sealed:
-- "base" is the last entry that retention took, "head" the newest. The triggers, in SQLite's own
-- words, keep slips of the program from the table; who writes to the file is found by the chain.

CREATE TABLE audit (
    number BIGINT PRIMARY KEY,
    at DOUBLE PRECISION NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    done BIGINT NOT NULL CHECK (done IN (0, 1)),
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    digest BYTEA NOT NULL
);

CREATE INDEX audit_at ON audit (at);

CREATE TABLE audit_seal (
    name TEXT PRIMARY KEY CHECK (name IN ('base', 'head')),
    number BIGINT NOT NULL,
    sealed BYTEA NOT NULL
);

CREATE TRIGGER audit_appended BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE number >= NEW.number)
    OR EXISTS (SELECT 1 FROM audit_seal WHERE name = 'base' AND number >= NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_kept BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit_seal WHERE name = 'base' AND number >= OLD.number)
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_seal_onwards BEFORE UPDATE ON audit_seal
WHEN NEW.name <> OLD.name OR NEW.number < OLD.number
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;

CREATE TRIGGER audit_seal_kept BEFORE DELETE ON audit_seal
BEGIN
    SELECT RAISE(ABORT, 'the audit is append-only');
END;
