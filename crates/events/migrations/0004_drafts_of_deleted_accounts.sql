-- A draft that was never published is nobody's but its organiser's: it goes with their account, and its history with it. As long as there
-- is an event, its history is only ever added to.
ALTER TABLE history
    DROP CONSTRAINT history_event_id_fkey,
    ADD CONSTRAINT history_event_id_fkey FOREIGN KEY (event_id) REFERENCES events ON DELETE CASCADE;

CREATE OR REPLACE FUNCTION history_is_final() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT FROM events WHERE id = OLD.event_id) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'history is only ever added to';
END
$$;
