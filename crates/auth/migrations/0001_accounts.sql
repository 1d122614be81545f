CREATE TABLE users (
    id                uuid PRIMARY KEY,
    -- As its owner writes it: mails go there.
    email             text NOT NULL,
    -- What two spellings of one address have in common; see domain::email.
    email_key         text NOT NULL,
    display_name      text NOT NULL,
    locale            text NOT NULL,
    role              text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'moderator', 'admin')),
    email_verified_at timestamptz,
    created_at        timestamptz NOT NULL,
    CONSTRAINT users_email_key UNIQUE (email_key)
);

CREATE TABLE credentials (
    user_id       uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- PHC string: algorithm, parameters, salt and hash.
    password_hash text NOT NULL,
    changed_at    timestamptz NOT NULL
);

CREATE TABLE sessions (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind          text NOT NULL CHECK (kind IN ('browser', 'api')),
    -- SHA-256 of the browser's cookie; API clients have refresh tokens instead.
    cookie_fingerprint bytea,
    created_at    timestamptz NOT NULL,
    last_seen_at  timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz,
    revoke_reason text,
    ip            text NOT NULL,
    user_agent    text NOT NULL,
    CONSTRAINT sessions_cookie UNIQUE (cookie_fingerprint),
    CHECK ((kind = 'browser') = (cookie_fingerprint IS NOT NULL))
);
CREATE INDEX sessions_of_user ON sessions (user_id, id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- A sign-in's refresh tokens are one family: each is used once, and using one twice ends the sign-in.
CREATE TABLE refresh_tokens (
    fingerprint bytea PRIMARY KEY,
    session_id  uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at   timestamptz NOT NULL,
    used_at     timestamptz
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

CREATE TABLE one_time_tokens (
    fingerprint   bytea PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose       text NOT NULL CHECK (purpose IN ('verify', 'reset')),
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    -- What the registration that this token belongs to asked for. It counts once the token is used: whoever registers an
    -- address that is not theirs does not get to choose the password of its owner.
    password_hash text,
    display_name  text
);
CREATE INDEX one_time_tokens_of_user ON one_time_tokens (user_id, purpose);
CREATE INDEX one_time_tokens_expiry ON one_time_tokens (expires_at);

-- Generic cell rate algorithm: one timestamp a key, moved by one statement, shared by all replicas.
CREATE TABLE throttle (
    key text PRIMARY KEY,
    tat timestamptz NOT NULL
);
CREATE INDEX throttle_tat ON throttle (tat);

-- Public halves of the keys that sign access tokens, from every process that signs.
CREATE TABLE public_keys (
    kid        text PRIMARY KEY,
    jwk        jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
