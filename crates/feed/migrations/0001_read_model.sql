CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch WITH SCHEMA public;

-- One configuration a language: accents are folded before the stemmer sees a word, in texts and in queries alike, so that "cafe" finds
-- "Café" and "Weihnachtsmarkt" finds "Weihnachtsmärkte". Other languages are folded only.
CREATE TEXT SEARCH CONFIGURATION en (COPY = pg_catalog.english);
CREATE TEXT SEARCH CONFIGURATION de (COPY = pg_catalog.german);
CREATE TEXT SEARCH CONFIGURATION es (COPY = pg_catalog.spanish);
CREATE TEXT SEARCH CONFIGURATION fr (COPY = pg_catalog.french);
CREATE TEXT SEARCH CONFIGURATION other (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION en ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, english_stem;
ALTER TEXT SEARCH CONFIGURATION de ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, german_stem;
ALTER TEXT SEARCH CONFIGURATION es ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, spanish_stem;
ALTER TEXT SEARCH CONFIGURATION fr ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, french_stem;
ALTER TEXT SEARCH CONFIGURATION other ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, simple;

-- Lower case without accents: for names of cities and for the words that typos are compared with.
CREATE FUNCTION fold(word text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(public.unaccent('public.unaccent'::regdictionary, word));

CREATE TABLE events (
    id              uuid PRIMARY KEY,
    -- The highest that has been seen; an older message changes nothing.
    version         bigint NOT NULL,
    status          text NOT NULL CHECK (status IN ('draft', 'published', 'cancelled')),
    slug            text NOT NULL,
    title           text NOT NULL,
    summary         text NOT NULL,
    category        text NOT NULL,
    language        text NOT NULL,
    city            text NOT NULL,
    city_key        text NOT NULL GENERATED ALWAYS AS (fold(city)) STORED,
    venue_name      text NOT NULL,
    lat             double precision,
    lon             double precision,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    starts_at_local timestamp NOT NULL,
    ends_at_local   timestamp NOT NULL,
    timezone        text NOT NULL,
    all_day         boolean NOT NULL,
    capacity        integer,
    price           text,
    is_free         boolean,
    organiser_name  text NOT NULL,
    source_name     text,
    -- Folded words of title, venue, city and organiser: what a typo may have meant.
    words           text[] NOT NULL,
    search          tsvector NOT NULL,
    -- See consumers.rs: each join counts, and a join of a day ago half as much.
    score           double precision NOT NULL DEFAULT 0
);
-- Only what is public and not over is ever listed; rows that are over leave the working set by their place in the index.
CREATE INDEX events_soonest ON events (starts_at, id) WHERE status = 'published';
CREATE INDEX events_trending ON events (score DESC, starts_at, id) WHERE status = 'published';
CREATE INDEX events_in_city ON events (city_key, starts_at, id) WHERE status = 'published';
CREATE INDEX events_in_category ON events (category, starts_at, id) WHERE status = 'published';
CREATE INDEX events_over ON events (ends_at) WHERE status = 'published';
CREATE INDEX events_search ON events USING gin (search);

-- A table of its own, since a message about places may come before the one about the event.
CREATE TABLE places (
    event_id   uuid PRIMARY KEY,
    capacity   integer,
    confirmed  integer NOT NULL,
    waitlisted integer NOT NULL
);

CREATE TABLE words (
    word   text PRIMARY KEY,
    events integer NOT NULL
);
CREATE INDEX words_similar ON words USING gin (word public.gin_trgm_ops);
