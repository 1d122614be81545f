-- Requests, offers and the ends of joins; and people whose account does not exist any more.

-- A join goes one way: pending, waitlisted, offered, confirmed, ended.
ALTER TABLE attendances DROP CONSTRAINT attendances_status;
ALTER TABLE attendances ADD CONSTRAINT attendances_status
    CHECK (status IN ('pending', 'waitlisted', 'offered', 'confirmed', 'ended'));

-- How often this person's calendar entry has been taken back and given again: odd while it is taken back. Added to the event's version,
-- so that each entry is newer to their calendar than the one before.
ALTER TABLE attendances ADD COLUMN revision integer NOT NULL DEFAULT 0;

-- When they were last told that places are free for whoever is first: that is told once an hour at most.
ALTER TABLE attendances ADD COLUMN told_open_at timestamptz;

-- Asked for every mail about a place: the snapshot, which may be long, need not be read for it.
ALTER TABLE events ADD COLUMN status text GENERATED ALWAYS AS (snapshot ->> 'status') STORED;

-- Who wrote it, and gets the answers; for mails that a person wrote.
ALTER TABLE mails ADD COLUMN from_user uuid;

-- Deleted accounts: what is said of them later, or again, brings nothing back. An id alone says nothing about anybody.
CREATE TABLE forgotten (
    user_id      uuid PRIMARY KEY,
    forgotten_at timestamptz NOT NULL
);

-- What there is to forget.
CREATE INDEX attendances_person ON attendances (user_id);
CREATE INDEX mails_person ON mails (user_id);
