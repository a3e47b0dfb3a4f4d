-- What people make of alerts: how severe, whose, in which words, held back by what, whether told to
-- those who are told what nobody takes. Alerts that were suppressed so far were so by the population.

ALTER TABLE alert ADD COLUMN severity TEXT NOT NULL DEFAULT 'medium'
    CHECK (severity IN ('informational', 'low', 'medium', 'high', 'critical'));
ALTER TABLE alert ADD COLUMN test BIGINT NOT NULL DEFAULT 0 CHECK (test IN (0, 1));
ALTER TABLE alert ADD COLUMN assignee TEXT;
ALTER TABLE alert ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE alert ADD COLUMN held TEXT;
ALTER TABLE alert ADD COLUMN escalated_at DOUBLE PRECISION;
UPDATE alert SET held = 'population' WHERE suppressed = 1;

-- What waits is few among many: figures, escalation and releases read no closed alert. Lists are
-- narrowed in an index that holds all that they can be narrowed by: the evidence beside it is large.
CREATE INDEX alert_open ON alert (raised_at, severity, test, suppressed, held, escalated_at)
    WHERE state = 'open';
CREATE INDEX alert_list ON alert (raised_at, id, state, severity, kind, lane, person, client, session,
    site, assignee, tags, suppressed, held, test);

-- Rules of suppression ("rule") and windows of maintenance ("maintenance"), one scope a row: null
-- asks for nothing. "network" is an address or CIDR. "held" counts the alerts that each held back.
CREATE TABLE suppression (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('rule', 'maintenance')),
    owner TEXT NOT NULL,
    reason TEXT NOT NULL,
    begins DOUBLE PRECISION NOT NULL,
    ends DOUBLE PRECISION NOT NULL,
    person TEXT,
    lane TEXT,
    alert_kind TEXT,
    site TEXT,
    network TEXT,
    made DOUBLE PRECISION NOT NULL,
    held BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX suppression_ends ON suppression (ends);

-- Sums that outlive the alerts that they are of.
CREATE TABLE alert_figure (
    name TEXT PRIMARY KEY,
    value DOUBLE PRECISION NOT NULL
);

-- Alerts told a day, for the budget; days since 1970-01-01, UTC.
CREATE TABLE alert_day (
    day BIGINT PRIMARY KEY,
    told BIGINT NOT NULL
);
