-- What a later message looks for is an earlier one of its stream that failed and waits. Those are few; asking all earlier ones made a hot
-- aggregate's queue cost the square of its length.
CREATE INDEX deliveries_held ON deliveries (consumer, aggregate, seq) WHERE attempts > 0 AND parked_at IS NULL;
DROP INDEX deliveries_aggregate;
