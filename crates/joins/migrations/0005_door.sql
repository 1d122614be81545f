-- The door: who was let in, by whom, when; and who may stand there.

ALTER TABLE joins
    -- How many of the party are inside.
    ADD COLUMN inside integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT joins_inside_is_of_the_party CHECK (inside BETWEEN 0 AND party_size);

-- Public halves of the keys that sign tickets, from every process that signs. They stay: tickets are old when they are shown.
CREATE TABLE ticket_keys (
    kid        text PRIMARY KEY,
    public_key bytea NOT NULL CONSTRAINT ticket_keys_length CHECK (octet_length(public_key) = 32),
    created_at timestamptz NOT NULL
);

-- What happened at the door, refused attempts included. Written once; a device that is not sure sends it again.
CREATE TABLE scans (
    event_id    uuid NOT NULL REFERENCES events (id),
    -- Chosen by the device.
    id          uuid NOT NULL,
    -- In the order in which they became known here.
    seq         bigint GENERATED ALWAYS AS IDENTITY,
    -- NULL: nobody's ticket.
    line_no     bigint,
    kind        text NOT NULL CONSTRAINT scans_kind_known CHECK (kind IN ('in', 'out', 'undo')),
    people      integer NOT NULL CONSTRAINT scans_people CHECK (people BETWEEN 1 AND 10),
    outcome     text NOT NULL CONSTRAINT scans_outcome_known CHECK (outcome IN
                    ('accepted', 'already_in', 'not_in', 'no_place', 'unknown', 'wrong_event', 'forged', 'nothing_to_undo')),
    -- By the device's clock, which may have been offline.
    scanned_at  timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    gate        text NOT NULL CONSTRAINT scans_gate_length CHECK (char_length(gate) <= 50),
    device      text NOT NULL CONSTRAINT scans_device_length CHECK (char_length(device) <= 50),
    steward_id  uuid NOT NULL,
    -- An accepted scan that was taken back.
    undone      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (event_id, id)
);
CREATE INDEX scans_in_order ON scans (event_id, seq);
CREATE INDEX scans_of_join ON scans (event_id, line_no, seq);

-- Who may stand at the door, beside the organiser.
CREATE TABLE stewards (
    event_id uuid NOT NULL REFERENCES events (id),
    user_id  uuid NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, user_id)
);

-- Whoever opens the link becomes one.
CREATE TABLE steward_links (
    event_id   uuid PRIMARY KEY REFERENCES events (id),
    fingerprint bytea NOT NULL CONSTRAINT steward_links_fingerprint CHECK (octet_length(fingerprint) = 32),
    expires_at timestamptz NOT NULL
);
