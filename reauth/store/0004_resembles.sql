-- Whom else the movement under an alert resembles, and how likely it is theirs, 0 to 1.

ALTER TABLE alert ADD COLUMN resembles TEXT;
ALTER TABLE alert ADD COLUMN posterior DOUBLE PRECISION;
