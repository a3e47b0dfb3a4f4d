-- Who may use the console. No secret stands here as it is: passwords are hashed (argon2id), second
-- factors sealed; logins, tokens and invitations are known by the SHA-256 of their 256 random bits.

CREATE TABLE account (
    name TEXT PRIMARY KEY,
    roles TEXT NOT NULL,
    password TEXT,
    subject TEXT UNIQUE,
    totp BYTEA,
    totp_step BIGINT NOT NULL,
    totp_next BYTEA,
    disabled BIGINT NOT NULL CHECK (disabled IN (0, 1)),
    made DOUBLE PRECISION NOT NULL
);

CREATE TABLE login (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    address TEXT NOT NULL,
    made DOUBLE PRECISION NOT NULL,
    seen DOUBLE PRECISION NOT NULL,
    ends DOUBLE PRECISION NOT NULL,
    elevated_until DOUBLE PRECISION NOT NULL
);

CREATE INDEX login_of ON login (account);

CREATE TABLE token (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    label TEXT NOT NULL,
    scopes TEXT NOT NULL,
    made DOUBLE PRECISION NOT NULL,
    ends DOUBLE PRECISION NOT NULL,
    used DOUBLE PRECISION
);

CREATE INDEX token_of ON token (account);

-- "account" is null for the one that makes the first account.
CREATE TABLE invitation (
    id TEXT PRIMARY KEY,
    account TEXT REFERENCES account (name) ON DELETE CASCADE,
    ends DOUBLE PRECISION NOT NULL
);

-- Tries to log in that have failed, by the hash of a name or an address, whether it exists or not.
CREATE TABLE attempt (
    id TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    until DOUBLE PRECISION NOT NULL,
    seen DOUBLE PRECISION NOT NULL
);

CREATE INDEX attempt_seen ON attempt (seen);
