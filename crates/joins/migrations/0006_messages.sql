-- What organisers wrote to those who are in: how often is limited, and a request that is sent again counts once.
CREATE TABLE messages (
    event_id   uuid NOT NULL REFERENCES events (id),
    key        text NOT NULL CONSTRAINT messages_key_length CHECK (length(key) BETWEEN 1 AND 200),
    sent_by    uuid NOT NULL,
    sent_at    timestamptz NOT NULL,
    audience   text NOT NULL,
    subject    text NOT NULL,
    body       text NOT NULL,
    recipients integer NOT NULL,
    PRIMARY KEY (event_id, key)
);
CREATE INDEX messages_by_time ON messages (event_id, sent_at);
