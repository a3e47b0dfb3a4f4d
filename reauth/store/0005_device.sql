-- "device" names a device class (reauth/device.py), "?" in it is what nobody told. "gathered" counts
-- a session's trajectories of the identity lane by class, and those among them that were not compared
-- as the user was not known on it. A user may have a template of each class: "active" has them.

ALTER TABLE tab ADD COLUMN screen TEXT;
ALTER TABLE trajectory ADD COLUMN device TEXT;
ALTER TABLE template ADD COLUMN device TEXT NOT NULL DEFAULT '?/?/?';

CREATE TABLE gathered (
    session TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    device TEXT NOT NULL,
    amount BIGINT NOT NULL,
    unknown BIGINT NOT NULL,
    PRIMARY KEY (session, device)
);
INSERT INTO gathered (session, device, amount, unknown)
    SELECT id, '?/?/?', trajectories, 0 FROM session WHERE trajectories > 0;

CREATE TABLE active (
    person TEXT NOT NULL REFERENCES person (name) ON DELETE CASCADE,
    device TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (person, device)
);
INSERT INTO active (person, device, version)
    SELECT name, '?/?/?', active FROM person WHERE active > 0;
ALTER TABLE person DROP COLUMN active;
