-- A party in the line that became larger than a lowered capacity can never fit. It must not keep those behind it waiting; it stays where
-- it is, in case the capacity is raised again. The mark stays for the audit: whoever came later may have got a place before them.
ALTER TABLE joins ADD COLUMN passed_over boolean NOT NULL DEFAULT false;
