CREATE TABLE effects (
    n         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id  uuid NOT NULL,
    confirmed integer NOT NULL,
    trace_id  text NOT NULL
);
