-- Places that are kept for somebody: neither taken nor free.
ALTER TABLE places ADD COLUMN held integer NOT NULL DEFAULT 0;
