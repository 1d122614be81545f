-- New words wait here until a job adds them to `words`. Nothing is unique, so whoever writes an event waits for nobody: when each wrote
-- into `words` itself, two that brought the same words in another order waited for each other. (1,456 events, two processes: 43 s and 19
-- deadlocks before. A look into `words` for each word cost more still: the planner took the index for typos for it.)
CREATE TABLE heard (
    word  text NOT NULL,
    shown text NOT NULL
);
-- It lives by dead rows being cleaned at once.
ALTER TABLE heard SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 10000);
