-- The Postgres transport: one row per message and consumer, deleted when handled.

CREATE TABLE deliveries (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer     text NOT NULL,
    -- A hash of the aggregate: one worker at a time reads a partition, which keeps an aggregate's messages in order.
    partition    smallint NOT NULL,
    id           uuid NOT NULL,
    kind         text NOT NULL,
    version      smallint NOT NULL,
    aggregate    uuid NOT NULL,
    payload      jsonb NOT NULL,
    traceparent  text NOT NULL,
    occurred_at  timestamptz NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    available_at timestamptz NOT NULL DEFAULT now(),
    -- Set when it failed for good: it waits for an operator, and does not hold up its aggregate.
    parked_at    timestamptz,
    last_error   text,
    -- The relay may hand a message over twice (it crashed before it could note that it had).
    CONSTRAINT deliveries_once UNIQUE (consumer, id)
);
CREATE INDEX deliveries_ready ON deliveries (consumer, partition, seq) WHERE parked_at IS NULL;
CREATE INDEX deliveries_aggregate ON deliveries (consumer, aggregate, seq) WHERE parked_at IS NULL;
-- Queue tables live by dead rows being cleaned at once.
ALTER TABLE deliveries SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
