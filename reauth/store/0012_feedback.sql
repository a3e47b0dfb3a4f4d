-- What verdicts said of sessions ("label", one an alert), and templates that wait beside the active
-- ones ("shadow"). Labels outlive their alerts for as long as there is movement of the session: what
-- must not train must not come back because an alert grew old. So those of alerts so far are made up
-- here; who closed them stands in the alert's history.

CREATE TABLE label (
    alert TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    person TEXT NOT NULL,
    verdict TEXT NOT NULL,
    closed_by TEXT NOT NULL,
    closed_at DOUBLE PRECISION NOT NULL,
    standing TEXT NOT NULL
        CHECK (standing IN ('candidate', 'confirmed', 'taught', 'never', 'void')),
    decided_by TEXT,
    decided_at DOUBLE PRECISION,
    reason TEXT NOT NULL DEFAULT ''
);

CREATE INDEX label_session ON label (session, standing);
CREATE INDEX label_person ON label (person, standing);

INSERT INTO label (alert, session, person, verdict, closed_by, closed_at, standing)
SELECT id, session, person, COALESCE(verdict, 'unseen'), '', raised_at,
    CASE
        WHEN verdict IN ('test', 'duplicate') THEN 'void'
        WHEN state = 'dismissed' AND verdict IN ('false_positive', 'benign') THEN 'candidate'
        ELSE 'never'
    END
FROM alert
WHERE session IS NOT NULL AND person IS NOT NULL AND test = 0
    AND state IN ('confirmed', 'dismissed', 'expired');

-- "base" is the version that a shadow was compared with, "alerts" a list of those whose labels it
-- rests on, "version" what it became. A shadow that was decided has no template here any more.
CREATE TABLE shadow (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (name) ON DELETE CASCADE,
    device TEXT NOT NULL,
    base BIGINT NOT NULL,
    made DOUBLE PRECISION NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'promoted', 'rejected', 'outdated')),
    alerts TEXT NOT NULL,
    comparison TEXT NOT NULL,
    version BIGINT,
    decided_by TEXT,
    decided_at DOUBLE PRECISION,
    sealed BYTEA
);

CREATE UNIQUE INDEX shadow_waiting ON shadow (person, device) WHERE state = 'waiting';
