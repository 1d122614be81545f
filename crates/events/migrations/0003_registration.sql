-- How people come to a place, as `contracts::registration::Registration` writes it. One value, not columns: it is read and replaced as a
-- whole, and nothing is looked up by a part of it. What is absent takes the default, so `{}` is what every event had before.
ALTER TABLE events ADD COLUMN registration jsonb NOT NULL DEFAULT '{}'
    CONSTRAINT events_registration_object CHECK (jsonb_typeof(registration) = 'object');
