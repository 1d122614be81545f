-- What each feed (a file, an address) said last of an event. Several may carry the same data set in different states; an event changes
-- when a feed says something new, not because another one said something else in between.
CREATE TABLE import_feeds (
    event_id    uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    feed        text NOT NULL,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    PRIMARY KEY (event_id, feed)
);
