-- Runs in every role's schema (by search path), so that a message commits together with the change that it tells of.

CREATE TABLE outbox (
    -- Writers lock their aggregate before they insert, so within one aggregate `seq` is the order of commits.
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid NOT NULL,
    kind         text NOT NULL,
    version      smallint NOT NULL,
    aggregate    uuid NOT NULL,
    payload      jsonb NOT NULL,
    traceparent  text NOT NULL,
    occurred_at  timestamptz NOT NULL
);
COMMENT ON TABLE outbox IS 'Messages that have committed and not yet reached the bus; the relay deletes what it handed over.';

CREATE TABLE inbox (
    consumer     text NOT NULL,
    message_id   uuid NOT NULL,
    handled_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, message_id)
);
CREATE INDEX inbox_handled_at ON inbox (handled_at);
COMMENT ON TABLE inbox IS 'Which messages had their effect, in the same transaction as the effect: this makes "at least once" exactly once.';
