-- What all users share: how later sessions differ from held-out scores. Nobody's own.

CREATE TABLE shared (
    made DOUBLE PRECISION NOT NULL PRIMARY KEY,
    verifier TEXT NOT NULL,
    features TEXT NOT NULL,
    fall_once DOUBLE PRECISION NOT NULL,
    spread_once DOUBLE PRECISION NOT NULL,
    fall_often DOUBLE PRECISION NOT NULL,
    spread_often DOUBLE PRECISION NOT NULL,
    users BIGINT NOT NULL,
    sessions BIGINT NOT NULL
);
