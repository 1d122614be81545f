-- Mails with a link for which somebody waits at a screen go out before all others.
CREATE INDEX mails_awaited ON mails (next_attempt_at, id)
    WHERE status = 'queued' AND kind IN ('verification', 'password_reset', 'quick_join');
