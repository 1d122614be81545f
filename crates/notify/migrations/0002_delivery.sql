-- Mails that are late are checked against what has happened since; what is told twice or out of order changes nothing.

-- A join goes one way: waitlisted, confirmed, ended. Ended ones stay until the event is long over, so that an old message that an
-- operator replays does not bring them back. The default is for rows that are older than this column.
ALTER TABLE attendances ADD COLUMN join_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE attendances DROP CONSTRAINT attendances_status_check;
ALTER TABLE attendances ADD CONSTRAINT attendances_status CHECK (status IN ('waitlisted', 'confirmed', 'ended'));

-- When it was said; what was said earlier and comes later is not news.
ALTER TABLE recipients ADD COLUMN changed_at timestamptz NOT NULL DEFAULT '-infinity';

-- When this version came to be: the stamp of the calendar entry, which is then the same wherever it is had.
ALTER TABLE events ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();

-- Which place the mail is about, and until when its link works.
ALTER TABLE mails ADD COLUMN join_id uuid;
ALTER TABLE mails ADD COLUMN expires_at timestamptz;
ALTER TABLE mails DROP CONSTRAINT mails_status_check;
-- 'dropped': not sent, because by the time it could be it was not true any more.
ALTER TABLE mails ADD CONSTRAINT mails_status CHECK (status IN ('queued', 'sent', 'failed', 'dropped'));
CREATE INDEX mails_over ON mails (created_at) WHERE status IN ('sent', 'dropped');
