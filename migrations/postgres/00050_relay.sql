-- What the relay needs: a lease for each tenant and kind, so that one process at a time sends a tenant's rows of a kind; and
-- what could not be delivered for good. A lease without a holder is a pause: the other side was away. ref names what a row is
-- about, where somebody may find out that it is settled. outbox_by_kind is the one index that is looked at across tenants.
--
-- Rows of the outbox and of waiting signals come and go at the rate of decisions. They are vacuumed early, because the relay
-- looks for the first of a kind and would step over those that are gone.

-- +goose Up
ALTER TABLE outbox ADD COLUMN ref TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN last_error TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
ALTER TABLE waiting_signals SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);

CREATE INDEX outbox_by_kind ON outbox (kind, tenant_id, outbox_id);
CREATE INDEX outbox_by_ref ON outbox (tenant_id, kind, ref) WHERE ref <> '';

CREATE TABLE outbox_leases (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    holder     TEXT             NOT NULL,
    held_until BIGINT           NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);

CREATE TABLE dead_letters (
    dead_letter_id BIGINT           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id      TEXT COLLATE "C" NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL,
    topic          TEXT COLLATE "C" NOT NULL,
    ref            TEXT COLLATE "C" NOT NULL,
    actor_id       TEXT COLLATE "C",
    body           TEXT             NOT NULL,
    reason         TEXT             NOT NULL,
    attempts       INTEGER          NOT NULL,
    status         TEXT COLLATE "C" NOT NULL CHECK (status IN ('parked', 'replayed')),
    created_at     BIGINT           NOT NULL,
    parked_at      BIGINT           NOT NULL,
    replayed_at    BIGINT
);

CREATE INDEX dead_letters_by_status ON dead_letters (tenant_id, status, dead_letter_id);

-- +goose Down
DROP TABLE dead_letters;
DROP TABLE outbox_leases;
DROP INDEX outbox_by_ref;
DROP INDEX outbox_by_kind;
ALTER TABLE waiting_signals RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE outbox RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
ALTER TABLE outbox DROP COLUMN last_error;
ALTER TABLE outbox DROP COLUMN ref;
