-- The tables, in SQL that PostgreSQL reads as it stands; migrate.py maps the three type names that
-- SQLite calls otherwise and makes the tables STRICT. Times are seconds since 1970. "person" is
-- the user's name, null where nobody knows. Keys are made by us.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL,
    sealed BYTEA
);

-- "people" counts changes of people and templates, "deletions" those that forget somebody, "probe"
-- changes of the health check.
INSERT INTO meta (name, value) VALUES ('people', 0), ('deletions', 0), ('probe', 0);

CREATE TABLE person (
    name TEXT PRIMARY KEY,
    active BIGINT NOT NULL DEFAULT 0,
    newest BIGINT NOT NULL DEFAULT 0,
    paused BIGINT NOT NULL DEFAULT 0 CHECK (paused IN (0, 1))
);

CREATE TABLE template (
    person TEXT NOT NULL REFERENCES person (name) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    provisional BIGINT NOT NULL CHECK (provisional IN (0, 1)),
    enrolled_at DOUBLE PRECISION NOT NULL,
    quality TEXT,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (person, version)
);

CREATE TABLE recording (
    person TEXT NOT NULL,
    digest TEXT NOT NULL,
    imported_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (person, digest)
);

CREATE TABLE tab (
    tab BYTEA PRIMARY KEY,
    person TEXT,
    client TEXT NOT NULL,
    next_seq BIGINT NOT NULL,
    clock_offset DOUBLE PRECISION,
    last_t DOUBLE PRECISION NOT NULL,
    last_seen DOUBLE PRECISION NOT NULL,
    recent BYTEA NOT NULL,
    forked BIGINT NOT NULL CHECK (forked IN (0, 1))
);

CREATE TABLE held (
    tab BYTEA NOT NULL,
    seq BIGINT NOT NULL,
    received DOUBLE PRECISION NOT NULL,
    person TEXT,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (tab, seq)
);

-- "trajectories" counts the identity lane's rows, "first_received" and "last_received" span those
-- of all lanes: who has how much is known without reading every trajectory.
CREATE TABLE session (
    id TEXT PRIMARY KEY,
    person TEXT,
    client TEXT NOT NULL,
    started DOUBLE PRECISION NOT NULL,
    last_t DOUBLE PRECISION NOT NULL,
    seen DOUBLE PRECISION NOT NULL,
    site TEXT NOT NULL,
    source TEXT NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    trajectories BIGINT NOT NULL DEFAULT 0,
    first_received DOUBLE PRECISION,
    last_received DOUBLE PRECISION,
    sealed BYTEA NOT NULL
);

-- Without "seen", which every batch changes: a client's few sessions are soon put in order.
CREATE INDEX session_of ON session (person, client);

CREATE TABLE trajectory (
    session TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    lane TEXT NOT NULL,
    number BIGINT NOT NULL,
    site TEXT NOT NULL,
    received DOUBLE PRECISION NOT NULL,
    score DOUBLE PRECISION,
    reason TEXT,
    template_version BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (session, lane, number)
);

CREATE TABLE alert (
    id TEXT PRIMARY KEY,
    person TEXT,
    client TEXT NOT NULL,
    session TEXT,
    lane TEXT,
    kind TEXT NOT NULL,
    site TEXT NOT NULL,
    template_version BIGINT NOT NULL,
    first_anomaly_at DOUBLE PRECISION NOT NULL,
    raised_at DOUBLE PRECISION NOT NULL,
    score DOUBLE PRECISION NOT NULL,
    threshold DOUBLE PRECISION NOT NULL,
    window_size BIGINT NOT NULL,
    low BIGINT NOT NULL,
    low_limit BIGINT NOT NULL,
    provisional BIGINT NOT NULL CHECK (provisional IN (0, 1)),
    state TEXT NOT NULL
        CHECK (state IN ('open', 'acknowledged', 'confirmed', 'dismissed', 'expired')),
    note TEXT NOT NULL,
    verdict TEXT,
    suppressed BIGINT NOT NULL CHECK (suppressed IN (0, 1)),
    evidence TEXT NOT NULL,
    history TEXT NOT NULL
);

CREATE UNIQUE INDEX alert_unresolved ON alert (session, lane)
    WHERE state IN ('open', 'acknowledged');
CREATE INDEX alert_session ON alert (session);
CREATE INDEX alert_raised ON alert (raised_at, id);

CREATE TABLE outbox (
    id BIGINT PRIMARY KEY,
    alert TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    sink TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    due DOUBLE PRECISION NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
    UNIQUE (alert, sink)
);

CREATE INDEX outbox_due ON outbox (due) WHERE state = 'waiting';

CREATE TABLE reject (
    id TEXT PRIMARY KEY,
    received DOUBLE PRECISION NOT NULL,
    reason TEXT NOT NULL,
    person TEXT,
    amount BIGINT NOT NULL
);

CREATE INDEX reject_received ON reject (received);

-- How many rows of a day file belong to what is committed here.
CREATE TABLE raw_day (
    day TEXT PRIMARY KEY,
    row_count BIGINT NOT NULL
);
