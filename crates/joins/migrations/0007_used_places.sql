-- Places that are used up, and offers that wait while their event is not public.

ALTER TABLE events
    -- People who were inside when their join ended: their places are not given again.
    ADD COLUMN used integer NOT NULL DEFAULT 0 CONSTRAINT events_used_not_negative CHECK (used >= 0),
    DROP CONSTRAINT events_never_oversold,
    DROP CONSTRAINT events_overbooked_is_the_excess,
    DROP CONSTRAINT events_cancelled_is_empty;
ALTER TABLE events
    ADD CONSTRAINT events_never_oversold CHECK (capacity IS NULL OR confirmed + offered + reserved + used <= capacity + overbooked),
    ADD CONSTRAINT events_overbooked_is_the_excess
        CHECK (overbooked = 0 OR confirmed + offered + reserved + used = capacity + overbooked),
    ADD CONSTRAINT events_cancelled_is_empty CHECK (
        status <> 'cancelled' OR (confirmed = 0 AND waitlisted = 0 AND offered = 0 AND reserved = 0 AND used = 0));

-- An offer of an event that is not public cannot be accepted, so it has no deadline until the event is public again.
ALTER TABLE joins
    DROP CONSTRAINT joins_offer_is_timed,
    ADD CONSTRAINT joins_offer_is_timed CHECK (
        status <> 'offered' OR (given_revision IS NOT NULL AND (due_for IS NULL OR due_for = 'offer')));
