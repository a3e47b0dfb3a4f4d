-- The list of users: "note" is what whoever enrols somebody writes down, "paused_why" the reason of a
-- pause. The indices answer a page of the list without reading sessions and templates themselves.

ALTER TABLE person ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN paused_why TEXT NOT NULL DEFAULT '';

CREATE INDEX session_gathered ON session (person, cut, trajectories, first_received, last_received, id)
    WHERE trajectories > 0;
CREATE INDEX template_told ON template (person, version, device, provisional, enrolled_at);
CREATE INDEX alert_person ON alert (person, raised_at);
CREATE INDEX alert_confirmed ON alert (session) WHERE state = 'confirmed';

-- Enrolling many at once: a line of the list each, and what became of it.
CREATE TABLE enrolment_run (
    id TEXT PRIMARY KEY,
    begun DOUBLE PRECISION NOT NULL,
    begun_by TEXT NOT NULL
);

CREATE TABLE enrolment_line (
    run TEXT NOT NULL REFERENCES enrolment_run (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    person TEXT NOT NULL,
    note TEXT NOT NULL,
    file TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    told TEXT NOT NULL,
    PRIMARY KEY (run, number)
);

CREATE INDEX enrolment_waiting ON enrolment_line (run, number) WHERE state = 'waiting';

-- What is watched: pages and tunnels of a site by day, over all users; of a user only that there was
-- such a thing, without how much. "host" is empty unless clear hosts are kept.
CREATE TABLE coverage_site (
    day TEXT NOT NULL,
    site TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('watched', 'silent', 'unwatched', 'tunnelled')),
    host TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (day, site, kind)
);

CREATE TABLE coverage_person (
    person TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('watched', 'silent', 'unwatched', 'tunnelled')),
    day TEXT NOT NULL,
    PRIMARY KEY (person, kind)
);
