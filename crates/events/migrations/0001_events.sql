CREATE TABLE events (
    id               uuid PRIMARY KEY,
    -- Grows by one with each change: the ETag, iCalendar's SEQUENCE, and what readers of the messages order by.
    version          bigint NOT NULL CONSTRAINT events_version_positive CHECK (version > 0),
    status           text NOT NULL CONSTRAINT events_status_known CHECK (status IN ('draft', 'published', 'cancelled')),
    organiser_id     uuid NOT NULL,
    -- A copy of what the account is called, kept by `auth.user_changed`.
    organiser_name   text NOT NULL,

    -- Lengths repeat what the request types check, with room for what imports bring. A violation is a mistake in the code.
    title            text NOT NULL CONSTRAINT events_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
    slug             text NOT NULL CONSTRAINT events_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(slug) <= 60),
    summary          text NOT NULL CONSTRAINT events_summary_length CHECK (char_length(summary) <= 200),
    -- Markdown as written. HTML is derived when it is read, so that a safer renderer reaches old rows as well.
    description      text NOT NULL CONSTRAINT events_description_length CHECK (char_length(description) <= 100000),
    -- The list stands in the code alone, so that a new category needs no migration.
    category         text NOT NULL CONSTRAINT events_category_form CHECK (category ~ '^[a-z]+$'),
    language         text NOT NULL CONSTRAINT events_language_form CHECK (language ~ '^[a-z]{2,3}$'),
    city             text NOT NULL CONSTRAINT events_city_length CHECK (char_length(city) BETWEEN 1 AND 100),
    venue_name       text NOT NULL CONSTRAINT events_venue_name_length CHECK (char_length(venue_name) BETWEEN 1 AND 200),
    venue_address    text CONSTRAINT events_venue_address_length CHECK (char_length(venue_address) BETWEEN 1 AND 300),
    venue_lat        double precision CONSTRAINT events_venue_lat_range CHECK (venue_lat BETWEEN -90 AND 90),
    venue_lon        double precision CONSTRAINT events_venue_lon_range CHECK (venue_lon BETWEEN -180 AND 180),
    CONSTRAINT events_venue_position_whole CHECK ((venue_lat IS NULL) = (venue_lon IS NULL)),

    -- What the organiser means is the wall time at the venue; the instants follow from it and are kept for comparing.
    -- Not generated columns: `AT TIME ZONE` reads a wall time that occurs twice as the second, people mean the first.
    starts_at_local  timestamp NOT NULL,
    ends_at_local    timestamp NOT NULL,
    timezone         text NOT NULL,
    starts_at        timestamptz NOT NULL,
    ends_at          timestamptz NOT NULL,
    all_day          boolean NOT NULL,
    CONSTRAINT events_ends_after_start CHECK (ends_at > starts_at),

    -- NULL is unlimited, 0 is no places.
    capacity         integer CONSTRAINT events_capacity_range CHECK (capacity BETWEEN 0 AND 1000000),
    price            text CONSTRAINT events_price_length CHECK (char_length(price) BETWEEN 1 AND 200),
    is_free          boolean,
    -- A scheme other than these two would be a way to run a script in a reader's browser.
    external_url     text CONSTRAINT events_external_url_form CHECK (external_url ~ '^https?://'),

    source_name        text,
    source_licence     text,
    source_attribution text,
    source_url         text CONSTRAINT events_source_url_form CHECK (source_url ~ '^https?://'),
    source_key         text CONSTRAINT events_source_key_length CHECK (octet_length(source_key) BETWEEN 1 AND 500),
    -- The bounds of both keep an index entry within a third of a page, the most that a B-tree takes.
    uid                text CONSTRAINT events_uid_length CHECK (octet_length(uid) BETWEEN 1 AND 1500),
    fingerprint        bytea CONSTRAINT events_fingerprint_length CHECK (octet_length(fingerprint) = 32),
    CONSTRAINT events_source_whole CHECK (
        num_nulls(source_name, source_licence, source_attribution, source_key, uid, fingerprint) IN (0, 6)),
    -- What makes an import repeatable.
    CONSTRAINT events_source_once UNIQUE (source_key, uid),

    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    -- When it last became public. Stays when it is withdrawn: people may have places.
    published_at     timestamptz,
    cancelled_at     timestamptz,
    cancel_reason    text CONSTRAINT events_cancel_reason_length CHECK (char_length(cancel_reason) BETWEEN 1 AND 1000),
    -- Time and place as people with places know them, while it is withdrawn; compared when it is published again.
    announced        jsonb,
    CONSTRAINT events_published_has_time CHECK (status <> 'published' OR published_at IS NOT NULL),
    CONSTRAINT events_cancelled_has_time CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL)),
    CONSTRAINT events_reason_of_cancelled CHECK (cancel_reason IS NULL OR status = 'cancelled'),
    CONSTRAINT events_announced_while_withdrawn CHECK (announced IS NULL OR (status = 'draft' AND published_at IS NOT NULL))
);

-- "My events", newest first, by keyset.
CREATE INDEX events_organiser ON events (organiser_id, created_at DESC, id DESC);

-- One row for each version of each event: who did what. Overbooking that was accepted, and cancellations, are looked up here.
CREATE TABLE history (
    event_id  uuid NOT NULL REFERENCES events,
    version   bigint NOT NULL,
    at        timestamptz NOT NULL,
    actor_id  uuid NOT NULL,
    action    text NOT NULL CONSTRAINT history_action_known CHECK (action IN (
                  'created', 'edited', 'published', 'unpublished', 'cancelled', 'announced', 'organiser_renamed',
                  'imported', 'reimported')),
    details   jsonb NOT NULL,
    PRIMARY KEY (event_id, version)
);

CREATE FUNCTION history_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is only ever added to';
END
$$;
CREATE TRIGGER history_is_final BEFORE UPDATE OR DELETE ON history
    FOR EACH ROW EXECUTE FUNCTION history_is_final();
