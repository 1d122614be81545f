-- From where an account's owner has signed in (or has opened a mailed link): what strangers guess elsewhere does not count there.
CREATE TABLE known_networks (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    network text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, network)
);
CREATE INDEX known_networks_seen_at ON known_networks (seen_at);

-- A key whose process has gone leaves the published set. The default serves processes of the version before, which do not name it.
ALTER TABLE public_keys ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now();

-- For the removal of those that were used long ago.
CREATE INDEX refresh_tokens_used_at ON refresh_tokens (used_at) WHERE used_at IS NOT NULL;
