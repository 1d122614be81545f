-- What mails need to know of people, events and places; fed by messages.
CREATE TABLE recipients (
    user_id      uuid PRIMARY KEY,
    email        text NOT NULL,
    display_name text NOT NULL,
    locale       text NOT NULL
);

CREATE TABLE events (
    event_id uuid PRIMARY KEY,
    version  bigint NOT NULL,
    snapshot jsonb NOT NULL,
    -- The organiser's words, once it is cancelled.
    cancel_reason text
);

CREATE TABLE attendances (
    event_id uuid NOT NULL,
    user_id  uuid NOT NULL,
    status   text NOT NULL CHECK (status IN ('confirmed', 'waitlisted')),
    PRIMARY KEY (event_id, user_id)
);

CREATE TABLE mails (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind            text NOT NULL,
    user_id         uuid NOT NULL,
    event_id        uuid,
    to_address      text NOT NULL,
    to_name         text NOT NULL,
    locale          text NOT NULL,
    -- What the template needs; may contain a one-time token, and is emptied once the mail is out.
    data            jsonb NOT NULL,
    -- Message and recipient: a message that comes twice makes one mail.
    dedupe_key      text NOT NULL,
    status          text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    sent_at         timestamptz,
    last_error      text,
    CONSTRAINT mails_once UNIQUE (dedupe_key)
);
CREATE INDEX mails_due ON mails (next_attempt_at, id) WHERE status = 'queued';
CREATE INDEX mails_failed ON mails (created_at) WHERE status = 'failed';
