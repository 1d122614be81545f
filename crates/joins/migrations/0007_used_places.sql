-- Places that are used up, deadlines that wait while their event is not public, and how many wishes one hold stands for.

ALTER TABLE events
    -- People who were inside when their join ended: their places are not given again.
    ADD COLUMN used integer NOT NULL DEFAULT 0 CONSTRAINT events_used_not_negative CHECK (used >= 0),
    -- How many wishes for a lower capacity the hold stands for.
    ADD COLUMN capacity_holds integer NOT NULL DEFAULT 0,
    -- People who had a place when the books were closed: what `no_shows` is a part of.
    ADD COLUMN expected_at_end integer,
    DROP CONSTRAINT events_never_oversold,
    DROP CONSTRAINT events_overbooked_is_the_excess,
    DROP CONSTRAINT events_cancelled_is_empty;
ALTER TABLE events
    ADD CONSTRAINT events_never_oversold CHECK (capacity IS NULL OR confirmed + offered + reserved + used <= capacity + overbooked),
    ADD CONSTRAINT events_overbooked_is_the_excess
        CHECK (overbooked = 0 OR confirmed + offered + reserved + used = capacity + overbooked),
    ADD CONSTRAINT events_cancelled_is_empty CHECK (
        status <> 'cancelled' OR (confirmed = 0 AND waitlisted = 0 AND offered = 0 AND reserved = 0 AND used = 0));
-- What is kept for the invited is kept until the start: nobody can come by an invitation then.
UPDATE events SET due_at = least(due_at, starts_at) WHERE reserved > 0;

-- Nobody can accept an offer while the event is not public, and few look at it: deadlines have no instant (`due_at`) until it is public again.
ALTER TABLE joins
    DROP CONSTRAINT joins_due_is_whole,
    DROP CONSTRAINT joins_offer_is_timed,
    ADD CONSTRAINT joins_due_is_whole CHECK (
        (due_at IS NULL OR due_for IS NOT NULL) AND (due_for IS NULL OR status IN ('offered', 'confirmed'))),
    ADD CONSTRAINT joins_offer_is_timed CHECK (status <> 'offered' OR (due_for = 'offer' AND given_revision IS NOT NULL));
