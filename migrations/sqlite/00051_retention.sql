-- How old records are found, and what must not go with them: a decision under legal hold stays with all that belongs to it.

-- +goose Up
ALTER TABLE decisions ADD COLUMN legal_hold INTEGER NOT NULL DEFAULT 0 CHECK (legal_hold IN (0, 1));

CREATE INDEX decisions_by_recording ON decisions (tenant_id, recorded_at) WHERE NOT legal_hold;
CREATE INDEX decisions_on_hold ON decisions (tenant_id, decision_id) WHERE legal_hold;
CREATE INDEX decisions_by_key_age ON decisions (tenant_id, recorded_at) WHERE idem_key IS NOT NULL;
CREATE INDEX signals_by_recording ON signals (tenant_id, recorded_at);
CREATE INDEX dead_letters_by_replay ON dead_letters (tenant_id, replayed_at) WHERE status = 'replayed';

-- +goose Down
DROP INDEX dead_letters_by_replay;
DROP INDEX signals_by_recording;
DROP INDEX decisions_by_key_age;
DROP INDEX decisions_on_hold;
DROP INDEX decisions_by_recording;
ALTER TABLE decisions DROP COLUMN legal_hold;
