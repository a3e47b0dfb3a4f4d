-- A sink may be told more of an alert than that it was raised, once each.
CREATE TABLE told (
    id BIGINT PRIMARY KEY,
    alert TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    sink TEXT NOT NULL,
    event TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    due DOUBLE PRECISION NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
    UNIQUE (alert, sink, event)
);

INSERT INTO told (id, alert, sink, event, attempts, due, state)
SELECT id, alert, sink, 'alert.raised', attempts, due, state FROM outbox;

DROP TABLE outbox;

ALTER TABLE told RENAME TO outbox;

CREATE INDEX outbox_due ON outbox (due) WHERE state = 'waiting';

-- Every attempt, for whoever asks what a receiver was told and what it answered; no content.
CREATE TABLE delivery_attempt (
    id BIGINT PRIMARY KEY,
    delivery BIGINT,
    alert TEXT,
    sink TEXT NOT NULL,
    event TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL,
    number BIGINT NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('delivered', 'failed', 'given_up')),
    fault TEXT NOT NULL DEFAULT ''
);

CREATE INDEX delivery_attempt_at ON delivery_attempt (at);

CREATE INDEX delivery_attempt_sink ON delivery_attempt (sink, id);
