-- The trace that a mail belongs to, so that its sending is a part of it. NULL for mails to many at once.
ALTER TABLE mails ADD COLUMN traceparent text;
