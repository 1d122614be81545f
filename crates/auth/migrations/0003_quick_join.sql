-- Places without an account first: the mailed link keeps what was asked for until it is opened (see domain::quick_join).
ALTER TABLE one_time_tokens
    -- Neither written nor read: a registration's password stands in `credentials`, see api::registration.
    DROP COLUMN password_hash,
    DROP CONSTRAINT one_time_tokens_purpose_check,
    ADD CONSTRAINT one_time_tokens_purpose_check CHECK (purpose IN ('verify', 'reset', 'quick_join')),
    -- The code allows 8 kB; jsonb is written with some more white space.
    ADD COLUMN intention jsonb
        CONSTRAINT one_time_tokens_intention CHECK (jsonb_typeof(intention) = 'object' AND octet_length(intention::text) <= 9000),
    ADD CONSTRAINT one_time_tokens_intention_of_quick_join CHECK ((purpose = 'quick_join') = (intention IS NOT NULL));

-- Set for accounts that a quick join made: when one was last asked for. Unless the address is proven, they are removed some time later.
ALTER TABLE users ADD COLUMN quick_join_at timestamptz;
CREATE INDEX users_of_quick_joins ON users (quick_join_at) WHERE email_verified_at IS NULL AND quick_join_at IS NOT NULL;

-- By what the person showed that it is they. The default serves processes of the version before, which know passwords only.
ALTER TABLE sessions ADD COLUMN began_by text NOT NULL DEFAULT 'password' CHECK (began_by IN ('password', 'link'));
-- An account that is deleted takes its ended sign-ins along; the other index has the live ones only.
CREATE INDEX sessions_of_account ON sessions (user_id);
