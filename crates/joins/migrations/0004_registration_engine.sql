-- Registration with rules: requests that an organiser approves, offers, reservations, deadlines, bans.

ALTER TABLE events
    -- The organiser's rules; see contracts::registration. Absent fields take their defaults.
    ADD COLUMN registration jsonb NOT NULL DEFAULT '{}',
    -- As people read it, for tickets, the door and warnings about two events at one time.
    ADD COLUMN title text NOT NULL DEFAULT '',
    ADD COLUMN slug text NOT NULL DEFAULT '',
    ADD COLUMN timezone text NOT NULL DEFAULT 'UTC',
    -- The exact place, for those who are told it only once they are in.
    ADD COLUMN venue jsonb,
    -- People for whom a live offer holds a place, and places kept for the invited. Both count as taken.
    ADD COLUMN offered integer NOT NULL DEFAULT 0 CONSTRAINT events_offered_not_negative CHECK (offered >= 0),
    ADD COLUMN reserved integer NOT NULL DEFAULT 0 CONSTRAINT events_reserved_not_negative CHECK (reserved >= 0),
    -- Not later than the first deadline among its joins and reservations. Whatever is decided from then on begins with what has lapsed;
    -- nobody has to come by in time for that.
    ADD COLUMN due_at timestamptz,
    -- How many people are banned: on the hot path nobody looks for bans where there are none.
    ADD COLUMN banned integer NOT NULL DEFAULT 0,
    -- The last change of time or place: when, and what it was before.
    ADD COLUMN moved_at timestamptz,
    ADD COLUMN moved_from jsonb,
    -- When everybody with a place was asked whether they still come.
    ADD COLUMN reconfirm_asked_at timestamptz,
    -- When those in the line were last told that places are free for whoever claims them.
    ADD COLUMN open_told_at timestamptz,
    -- How many parties came up from the line by the end, and how many stood in it at most; written once, when the event is over.
    ADD COLUMN line_reached integer,
    ADD COLUMN line_longest integer,
    -- Of the people with a place, how many did not come; NULL if nobody was checked in.
    ADD COLUMN no_shows integer;
ALTER TABLE events
    DROP CONSTRAINT events_never_oversold,
    DROP CONSTRAINT events_overbooked_is_the_excess,
    DROP CONSTRAINT events_cancelled_is_empty;
ALTER TABLE events
    ADD CONSTRAINT events_never_oversold CHECK (capacity IS NULL OR confirmed + offered + reserved <= capacity + overbooked),
    ADD CONSTRAINT events_overbooked_is_the_excess CHECK (overbooked = 0 OR confirmed + offered + reserved = capacity + overbooked),
    ADD CONSTRAINT events_cancelled_is_empty CHECK (
        status <> 'cancelled' OR (confirmed = 0 AND waitlisted = 0 AND offered = 0 AND reserved = 0));
CREATE INDEX events_due ON events (due_at) WHERE due_at IS NOT NULL;
-- For jobs that look after what is to come. No column of it changes when somebody joins, so that the hot row's updates stay cheap.
CREATE INDEX events_upcoming ON events (starts_at) WHERE status = 'published';
CREATE INDEX events_open_books ON events (ends_at) WHERE line_reached IS NULL;
-- An organiser's past events, for what usually happens at them.
CREATE INDEX events_of_organiser ON events (organiser_id, ends_at);

ALTER TABLE joins
    -- The smallest part of the party that would come; the party as a whole if equal.
    ADD COLUMN at_least integer,
    -- The party as it was asked for, where only a part of it got places.
    ADD COLUMN asked_size integer,
    ADD COLUMN guests jsonb,
    ADD COLUMN answers jsonb,
    ADD COLUMN invitation_id uuid,
    ADD COLUMN leave_other_lines boolean NOT NULL DEFAULT false,
    -- How often a smaller party from behind has passed this one.
    ADD COLUMN passed integer NOT NULL DEFAULT 0,
    -- What ends the join at `due_at` unless the person acts: an offer, answers that are owed, the question whether they still come.
    ADD COLUMN due_at timestamptz,
    ADD COLUMN due_for text CONSTRAINT joins_due_for_known CHECK (due_for IN ('offer', 'answers', 'reconfirmation')),
    ADD COLUMN offered_at timestamptz,
    -- The event's revision that gave the place, be it by an offer. Order of arrival is judged by it. A version of the program that does not
    -- know it leaves it and `way` empty: then it is `confirmed_revision`, by order.
    ADD COLUMN given_revision bigint,
    -- How the place came to be.
    ADD COLUMN way text CONSTRAINT joins_way_known CHECK (way IN ('direct', 'line', 'offer', 'claim', 'picked', 'invited', 'door')),
    -- When the person last said that they come.
    ADD COLUMN kept_at timestamptz,
    ADD COLUMN ended_by uuid,
    -- When the first of the party was let in.
    ADD COLUMN arrived_at timestamptz;
UPDATE joins SET given_revision = confirmed_revision, way = CASE WHEN promoted THEN 'line' ELSE 'direct' END WHERE confirmed_at IS NOT NULL;
ALTER TABLE joins
    DROP CONSTRAINT joins_status_known,
    DROP CONSTRAINT joins_confirmed_is_dated;
ALTER TABLE joins
    ADD CONSTRAINT joins_status_known CHECK (status IN ('pending', 'waitlisted', 'offered', 'confirmed', 'ended')),
    ADD CONSTRAINT joins_confirmed_is_dated CHECK (
        (confirmed_at IS NULL) = (confirmed_revision IS NULL)
        AND (status <> 'confirmed' OR confirmed_at IS NOT NULL)
        AND (status NOT IN ('pending', 'waitlisted', 'offered') OR confirmed_at IS NULL)
        AND (confirmed_at IS NOT NULL OR NOT promoted)),
    ADD CONSTRAINT joins_at_least CHECK (at_least BETWEEN 1 AND party_size),
    ADD CONSTRAINT joins_due_is_whole CHECK ((due_at IS NULL) = (due_for IS NULL) AND (due_at IS NULL OR status IN ('offered', 'confirmed'))),
    ADD CONSTRAINT joins_offer_is_timed CHECK (status <> 'offered' OR (due_for = 'offer' AND given_revision IS NOT NULL));
CREATE INDEX joins_due ON joins (event_id, due_at) WHERE due_at IS NOT NULL;
-- What people said is forgotten with their accounts.
CREATE INDEX joins_said ON joins (user_id) WHERE answers IS NOT NULL OR guests IS NOT NULL;
CREATE INDEX joins_pending ON joins (event_id, line_no) WHERE status = 'pending';

-- Whom the organiser does not want at an event.
CREATE TABLE bans (
    event_id   uuid NOT NULL REFERENCES events (id),
    user_id    uuid NOT NULL,
    banned_by  uuid NOT NULL,
    banned_at  timestamptz NOT NULL,
    PRIMARY KEY (event_id, user_id)
);

-- Whoever knows the code may come; places can be kept for them.
CREATE TABLE invitations (
    id          uuid PRIMARY KEY,
    event_id    uuid NOT NULL REFERENCES events (id),
    code        text NOT NULL CONSTRAINT invitations_code UNIQUE CHECK (length(code) BETWEEN 16 AND 64),
    label       text NOT NULL CHECK (char_length(label) BETWEEN 1 AND 100),
    -- Parties that may still come by it.
    uses_left   integer NOT NULL CONSTRAINT invitations_uses_not_negative CHECK (uses_left >= 0),
    -- Places that are still kept for them.
    reserved    integer NOT NULL DEFAULT 0 CONSTRAINT invitations_reserved_not_negative CHECK (reserved >= 0),
    expires_at  timestamptz,
    revoked_at  timestamptz,
    created_by  uuid NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX invitations_of_event ON invitations (event_id, created_at);

-- What organisers and clocks decided, beside what the joins themselves tell: "why is she before me?" is answered from both.
CREATE TABLE decisions (
    event_id   uuid NOT NULL REFERENCES events (id),
    revision   bigint NOT NULL,
    n          integer NOT NULL,
    decided_at timestamptz NOT NULL,
    -- NULL: the rules themselves.
    actor_id   uuid,
    action     text NOT NULL CONSTRAINT decisions_action_form CHECK (action ~ '^[a-z_]{1,40}$'),
    -- Whom it concerns.
    user_id    uuid,
    details    jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (event_id, revision, n)
);
CREATE INDEX decisions_about ON decisions (event_id, user_id) WHERE user_id IS NOT NULL;
CREATE FUNCTION decisions_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'decisions are only ever added to';
END
$$;
CREATE TRIGGER decisions_are_final BEFORE UPDATE OR DELETE ON decisions FOR EACH ROW EXECUTE FUNCTION decisions_are_final();
