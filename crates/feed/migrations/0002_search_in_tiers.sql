-- What is over would pile up at the beginning of every index that lists walk along, so a job puts it aside a day after its end. (A day,
-- so that somebody who reads a list page by page sees to its end what was on when they began.)
ALTER TABLE events ADD COLUMN over boolean NOT NULL DEFAULT false;

-- All but the description: what ranks a find is read for every match, and the description is most of the bytes.
ALTER TABLE events ADD COLUMN head tsvector NOT NULL GENERATED ALWAYS AS (ts_filter(search, '{a,b,c}')) STORED;

-- The title alone: finds in titles come first, and are mostly enough for a page (store/list.rs).
ALTER TABLE events ADD COLUMN title_search tsvector NOT NULL GENERATED ALWAYS AS (ts_filter(search, '{a}')) STORED;

-- Joins may come before their event, so what they add up to lives beside the other counts. The copy in events.score is what lists order
-- by; it moves in steps. The unit was a day, by the natural logarithm; now it is three days, by the binary one (domain/trend.rs).
ALTER TABLE places ADD COLUMN interest double precision NOT NULL DEFAULT 0;
UPDATE events SET score = score / ln(2) / 3 WHERE score > 0;
UPDATE places p SET interest = e.score FROM events e WHERE e.id = p.event_id;

-- Order of the trending list; see domain/trend.rs. Whole numbers: a cursor must compare exactly what it was made from. 604800 are the
-- seconds of the week in which distance halves the heat.
ALTER TABLE events ADD COLUMN heat bigint NOT NULL GENERATED ALWAYS AS (
    CASE WHEN score > 0
        THEN floor(16 * (score - extract(epoch FROM starts_at - timestamptz '2026-01-01 00:00:00+00')::double precision / 604800))::bigint
        ELSE -1000000000
    END) STORED;

-- "Ü30" is a word with digits, and people type "u30".
ALTER TEXT SEARCH CONFIGURATION en ALTER MAPPING FOR numword WITH public.unaccent, simple;
ALTER TEXT SEARCH CONFIGURATION de ALTER MAPPING FOR numword WITH public.unaccent, simple;
ALTER TEXT SEARCH CONFIGURATION es ALTER MAPPING FOR numword WITH public.unaccent, simple;
ALTER TEXT SEARCH CONFIGURATION fr ALTER MAPPING FOR numword WITH public.unaccent, simple;
ALTER TEXT SEARCH CONFIGURATION other ALTER MAPPING FOR numword WITH public.unaccent, simple;

-- A title's words count as title also unstemmed. (Rows that are here already get the rest of the new vector with their next change.)
UPDATE events SET search = search || setweight(to_tsvector('other', title), 'A');

-- How a known word is written, for "showing results for". The count is brought up to date by a job; it only breaks ties.
ALTER TABLE words ADD COLUMN shown text NOT NULL DEFAULT '';
UPDATE words SET shown = word;

DROP INDEX events_soonest, events_trending, events_in_city, events_in_category, events_over;
-- ends_at, so that what has ended, or ends too early, is skipped without looking at the row.
CREATE INDEX events_soonest ON events (starts_at, id, ends_at) WHERE status = 'published' AND NOT over;
CREATE INDEX events_trending ON events ((-heat), starts_at, id, ends_at) WHERE status = 'published' AND NOT over;
CREATE INDEX events_in_city ON events (city_key, starts_at, id, ends_at) WHERE status = 'published' AND NOT over;
CREATE INDEX events_in_category ON events (category, starts_at, id, ends_at) WHERE status = 'published' AND NOT over;
-- A B-tree rather than a GiST index over points, whose operators the planner cannot estimate: in the middle of a big city it has to walk
-- along events_soonest instead.
CREATE INDEX events_around ON events (lat, lon) WHERE status = 'published' AND NOT over;
-- For the job, and for lists from some far day on.
CREATE INDEX events_ending ON events (ends_at) WHERE status = 'published' AND NOT over;
CREATE INDEX events_title_search ON events USING gin (title_search);

-- Four thousand words are counted instead of a thousand, so that the planner knows a rare word from a common one: it walks along a list in
-- order of time if it expects to come across the word often, and must not do that for a word that is nowhere. (100,000 events, a word
-- that is nowhere, soonest first: 580 ms before, 3 ms after. ANALYZE takes 3 s instead of 1.)
ALTER TABLE events ALTER search SET STATISTICS 400, ALTER title_search SET STATISTICS 400;
