-- "rule" names the policy that raised an alert, "level" is where it stood and "bound" what that had
-- to reach. So far windows were counted.

ALTER TABLE alert ADD COLUMN rule TEXT NOT NULL DEFAULT 'window';
ALTER TABLE alert ADD COLUMN level DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN bound DOUBLE PRECISION NOT NULL DEFAULT 0;
UPDATE alert SET level = low, bound = low_limit;
