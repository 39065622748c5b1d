-- What the relay needs: a lease for each tenant and kind, so that one process at a time sends a tenant's rows of a kind; and
-- what could not be delivered for good. A lease without a holder is a pause: the other side was away. ref names what a row is
-- about, where somebody may find out that it is settled. outbox_by_kind is the one index that is looked at across tenants.

-- +goose Up
ALTER TABLE outbox ADD COLUMN ref TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN last_error TEXT NOT NULL DEFAULT '';

CREATE INDEX outbox_by_kind ON outbox (kind, tenant_id, outbox_id);
CREATE INDEX outbox_by_ref ON outbox (tenant_id, kind, ref) WHERE ref <> '';

CREATE TABLE outbox_leases (
    tenant_id  TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    holder     TEXT    NOT NULL,
    held_until INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, kind)
) STRICT;

CREATE TABLE dead_letters (
    dead_letter_id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id      TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    topic          TEXT    NOT NULL,
    ref            TEXT    NOT NULL,
    actor_id       TEXT,
    body           TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    attempts       INTEGER NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('parked', 'replayed')),
    created_at     INTEGER NOT NULL,
    parked_at      INTEGER NOT NULL,
    replayed_at    INTEGER
) STRICT;

CREATE INDEX dead_letters_by_status ON dead_letters (tenant_id, status, dead_letter_id);

-- +goose Down
DROP TABLE dead_letters;
DROP TABLE outbox_leases;
DROP INDEX outbox_by_ref;
DROP INDEX outbox_by_kind;
ALTER TABLE outbox DROP COLUMN last_error;
ALTER TABLE outbox DROP COLUMN ref;
