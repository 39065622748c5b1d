-- What has to leave the engine after the commit. body holds no actor id; a sender that needs it takes it from actor_id.
-- Numbers are given before the commit: a smaller one may become visible later than a greater one.

-- +goose Up
CREATE TABLE outbox (
    outbox_id       BIGINT           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id       TEXT COLLATE "C" NOT NULL,
    kind            TEXT COLLATE "C" NOT NULL,
    topic           TEXT COLLATE "C" NOT NULL,
    actor_id        TEXT COLLATE "C",
    body            TEXT             NOT NULL,
    created_at      BIGINT           NOT NULL,
    attempts        INTEGER          NOT NULL,
    next_attempt_at BIGINT           NOT NULL
);

CREATE INDEX outbox_due ON outbox (tenant_id, kind, next_attempt_at);

-- +goose Down
DROP TABLE outbox;
