-- Whether a receipt has reached the evidence service is asked by its id: it has unless it waits in the outbox, which has an index
-- for that, or among the dead letters that nobody has replayed.

-- +goose Up
CREATE INDEX dead_letters_by_ref ON dead_letters (tenant_id, kind, ref) WHERE status = 'parked' AND ref <> '';

-- +goose Down
DROP INDEX dead_letters_by_ref;
