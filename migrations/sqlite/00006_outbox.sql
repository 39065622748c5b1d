-- What has to leave the engine after the commit. body holds no actor id; a sender that needs it takes it from actor_id.

-- +goose Up
CREATE TABLE outbox (
    outbox_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id       TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    topic           TEXT    NOT NULL,
    actor_id        TEXT,
    body            TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL
) STRICT;

CREATE INDEX outbox_due ON outbox (tenant_id, kind, next_attempt_at);

-- +goose Down
DROP TABLE outbox;
