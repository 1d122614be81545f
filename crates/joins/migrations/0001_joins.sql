-- Places. Every write that concerns an event locks its row in `events` first: that row is the order in which everything is decided,
-- and its counters are the truth that the constraints guard.

CREATE TABLE events (
    id            uuid PRIMARY KEY,
    -- Of the organiser's data; a message that is not newer changes nothing.
    version       bigint NOT NULL,
    organiser_id  uuid NOT NULL,
    status        text NOT NULL CONSTRAINT events_status_known CHECK (status IN ('draft', 'published', 'cancelled')),
    -- NULL is unlimited, 0 means no places.
    capacity      integer CONSTRAINT events_capacity_not_negative CHECK (capacity >= 0),
    starts_at     timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    -- Places taken: people, not parties.
    confirmed     integer NOT NULL DEFAULT 0 CONSTRAINT events_confirmed_not_negative CHECK (confirmed >= 0),
    -- People in the line, and the parties that they form. Counted here, because counting a long line at every join would make
    -- a drop's cost grow with its square.
    waitlisted    integer NOT NULL DEFAULT 0,
    line_length   integer NOT NULL DEFAULT 0 CONSTRAINT events_line_not_negative CHECK (line_length >= 0),
    -- How many people above the capacity keep the place that they had before it was lowered. It shrinks as they leave, and no new
    -- claim can use it (see below).
    overbooked    integer NOT NULL DEFAULT 0 CONSTRAINT events_overbooked_not_negative CHECK (overbooked >= 0),
    -- A lower capacity that the organiser is about to save: until then no claim may go above it, so that none slips in between.
    capacity_hold integer CONSTRAINT events_capacity_hold_not_negative CHECK (capacity_hold >= 0),
    hold_until    timestamptz,
    -- The number that the next arrival gets.
    next_line_no  bigint NOT NULL DEFAULT 1,
    -- Grows with every change of this row under its lock. It orders decisions exactly, which clocks of several replicas do not.
    revision      bigint NOT NULL DEFAULT 0,
    -- Never oversold. The code decides; this is for the day on which it decides wrongly.
    CONSTRAINT events_never_oversold CHECK (capacity IS NULL OR confirmed <= capacity + overbooked),
    -- The allowance is exactly the excess, so it can be neither saved up nor used again.
    CONSTRAINT events_overbooked_is_the_excess CHECK (overbooked = 0 OR confirmed = capacity + overbooked),
    CONSTRAINT events_line_agrees CHECK (waitlisted >= line_length AND (waitlisted = 0) = (line_length = 0)),
    CONSTRAINT events_hold_is_whole CHECK ((capacity_hold IS NULL) = (hold_until IS NULL)),
    CONSTRAINT events_cancelled_is_empty CHECK (status <> 'cancelled' OR (confirmed = 0 AND waitlisted = 0))
) WITH (fillfactor = 50); -- the hot row: room on its page for new versions of it, which then need no index entries
CREATE INDEX events_held ON events (id) WHERE hold_until IS NOT NULL;

CREATE TABLE joins (
    event_id      uuid NOT NULL REFERENCES events (id),
    -- Strict order of arrival at the event. A rejoin is a new arrival.
    line_no       bigint NOT NULL,
    -- A UUIDv7, unique by construction: every index costs on the hot path, and nothing looks a join up by its id.
    id            uuid NOT NULL,
    user_id       uuid NOT NULL,
    status        text NOT NULL CONSTRAINT joins_status_known CHECK (status IN ('confirmed', 'waitlisted', 'ended')),
    -- The person and their guests; a party has its places as a whole or waits as a whole.
    party_size    integer NOT NULL CONSTRAINT joins_party_size CHECK (party_size BETWEEN 1 AND 10),
    -- Whether the place came by way of the line.
    promoted      boolean NOT NULL DEFAULT false,
    joined_at     timestamptz NOT NULL,
    confirmed_at  timestamptz,
    -- The event's revision that gave the place: "why is she before me?" has an exact answer.
    confirmed_revision bigint,
    ended_at      timestamptz,
    end_reason    text,
    PRIMARY KEY (event_id, line_no),
    CONSTRAINT joins_confirmed_is_dated CHECK (
        (confirmed_at IS NULL) = (confirmed_revision IS NULL)
        AND (status <> 'confirmed' OR confirmed_at IS NOT NULL)
        AND (status <> 'waitlisted' OR confirmed_at IS NULL)
        AND (confirmed_at IS NOT NULL OR NOT promoted)),
    CONSTRAINT joins_end_is_explained CHECK (
        (status = 'ended') = (ended_at IS NOT NULL) AND (status = 'ended') = (end_reason IS NOT NULL))
);
-- One live join per person and event. Person first, so that it also finds all of a person's joins.
CREATE UNIQUE INDEX joins_one_live ON joins (user_id, event_id) WHERE status <> 'ended';
-- The head of the line, and how many stand before somebody.
CREATE INDEX joins_line ON joins (event_id, line_no) INCLUDE (party_size) WHERE status = 'waitlisted';

-- What a request was answered, so that its repetition gets the same bytes. Written with the effect, in one transaction.
CREATE TABLE idempotency (
    user_id       uuid NOT NULL,
    key           text NOT NULL CONSTRAINT idempotency_key_length CHECK (length(key) BETWEEN 1 AND 200),
    -- SHA-256 of what was asked for: operation, event, meaning of the body.
    request_hash  bytea NOT NULL CONSTRAINT idempotency_hash_length CHECK (octet_length(request_hash) = 32),
    status        smallint NOT NULL,
    body          bytea NOT NULL,
    -- What the answer speaks of, for the audit; no join when it refused.
    event_id      uuid NOT NULL,
    join_id       uuid,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);
-- Rows come in the order of time and go after a day: a block range index costs next to nothing per row.
CREATE INDEX idempotency_created_at ON idempotency USING brin (created_at);

-- How people are called, from `auth`.
CREATE TABLE people (
    user_id       uuid PRIMARY KEY,
    display_name  text NOT NULL,
    -- When the account said so; an older message changes nothing.
    said_at       timestamptz NOT NULL
);

-- Each time a lowered capacity left more people in than it has places: who is asked later finds it here.
CREATE TABLE overbookings (
    event_id      uuid NOT NULL REFERENCES events (id),
    version       bigint NOT NULL,
    capacity      integer NOT NULL,
    confirmed     integer NOT NULL,
    -- false: the organiser did not know, because places were taken between their check and the change.
    accepted      boolean NOT NULL,
    decided_at    timestamptz NOT NULL,
    PRIMARY KEY (event_id, version)
);
