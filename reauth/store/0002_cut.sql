-- "cut" names the segmenter of a session's identity lane: trajectories of one kind train together.
-- "form" says how a trajectory's points lie in "sealed": 0, movements only; 1, with kinds and rest.

ALTER TABLE session ADD COLUMN cut TEXT NOT NULL DEFAULT 'pause';
ALTER TABLE trajectory ADD COLUMN form BIGINT NOT NULL DEFAULT 0;
