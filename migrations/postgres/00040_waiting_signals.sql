-- Signals that were taken in and wait to be decided; a row goes when its signal is decided, and stays with its reason when it
-- is given up. A claimed one is due when the claim runs out. due_at and the order are looked at across tenants, by the number,
-- in an index that holds nothing that was given up.
-- looked is every playbook version that a decision tried.

-- +goose Up
CREATE TABLE waiting_signals (
    waiting_id BIGINT           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  TEXT COLLATE "C" NOT NULL,
    source     TEXT COLLATE "C" NOT NULL,
    signal_id  TEXT COLLATE "C" NOT NULL,
    since      BIGINT           NOT NULL,
    due_at     BIGINT           NOT NULL,
    attempts   INTEGER          NOT NULL,
    reason     TEXT             NOT NULL,
    parked_at  BIGINT,
    UNIQUE (tenant_id, source, signal_id)
);

CREATE INDEX waiting_signals_due ON waiting_signals (waiting_id, due_at) WHERE parked_at IS NULL;
CREATE INDEX waiting_signals_parked ON waiting_signals (tenant_id, waiting_id) WHERE parked_at IS NOT NULL;

ALTER TABLE decisions ADD COLUMN looked TEXT NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE decisions DROP COLUMN looked;
DROP TABLE waiting_signals;
