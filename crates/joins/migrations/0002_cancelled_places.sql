-- "My places" keeps showing a place whose event was cancelled: the one ended join that a person still looks for.
CREATE INDEX joins_cancelled ON joins (user_id) WHERE end_reason = 'event_cancelled';
