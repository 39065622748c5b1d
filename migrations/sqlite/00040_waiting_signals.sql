-- Signals that were taken in and wait to be decided; a row goes when its signal is decided, and stays with its reason when it
-- is given up. A claimed one is due when the claim runs out. due_at and the order are looked at across tenants, by the number.
-- looked is every playbook version that a decision tried.

-- +goose Up
CREATE TABLE waiting_signals (
    waiting_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id   TEXT    NOT NULL,
    source      TEXT    NOT NULL,
    signal_id   TEXT    NOT NULL,
    since       INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    parked_at   INTEGER,
    UNIQUE (tenant_id, source, signal_id)
) STRICT;

ALTER TABLE decisions ADD COLUMN looked TEXT NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE decisions DROP COLUMN looked;
DROP TABLE waiting_signals;
