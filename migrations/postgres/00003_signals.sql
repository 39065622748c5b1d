-- What the engine has seen. service is set for incidents only, so that the partial index holds nothing else; dedup_key is
-- opaque: whoever stores a signal has hashed it.

-- +goose Up
CREATE TABLE signals (
    tenant_id          TEXT COLLATE "C" NOT NULL,
    source             TEXT COLLATE "C" NOT NULL,
    signal_id          TEXT COLLATE "C" NOT NULL,
    actor_id           TEXT COLLATE "C",
    actor_type         TEXT             NOT NULL,
    event_type         TEXT COLLATE "C" NOT NULL,
    severity           INTEGER          NOT NULL,
    occurred_at        BIGINT           NOT NULL,
    repo_id            TEXT COLLATE "C" NOT NULL,
    branch             TEXT             NOT NULL,
    file_path          TEXT             NOT NULL,
    environment        TEXT             NOT NULL,
    dedup_key          TEXT             NOT NULL,
    service            TEXT,
    utc_offset_seconds INTEGER,
    payload            TEXT             NOT NULL,
    recorded_at        BIGINT           NOT NULL,
    PRIMARY KEY (tenant_id, source, signal_id)
);

CREATE INDEX signals_by_actor ON signals (tenant_id, actor_id, occurred_at, event_type);
CREATE INDEX signals_incidents ON signals (tenant_id, occurred_at, event_type) WHERE service IS NOT NULL;

-- +goose Down
DROP TABLE signals;
