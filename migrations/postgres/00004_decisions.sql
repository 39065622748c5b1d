-- Decisions with what was shown and what was withheld. situation is what was known, for backtests; it holds no actor id.
-- idem_key is a keyed hash and unique while it is set; a key past its life is taken away from its old row.

-- +goose Up
CREATE TABLE decisions (
    tenant_id            TEXT COLLATE "C" NOT NULL,
    decision_id          TEXT COLLATE "C" NOT NULL,
    actor_id             TEXT COLLATE "C" NOT NULL,
    actor_type           TEXT             NOT NULL,
    responsible_actor_id TEXT COLLATE "C",
    created_at           BIGINT           NOT NULL,
    recorded_at          BIGINT           NOT NULL,
    repo_id              TEXT COLLATE "C" NOT NULL,
    branch               TEXT             NOT NULL,
    file_path            TEXT             NOT NULL,
    environment          TEXT             NOT NULL,
    surface              TEXT             NOT NULL,
    signal_id            TEXT COLLATE "C" NOT NULL,
    source               TEXT             NOT NULL,
    event_type           TEXT             NOT NULL,
    severity             INTEGER          NOT NULL,
    evaluation_point     TEXT             NOT NULL,
    fired                TEXT             NOT NULL,
    policy_snapshot_id   TEXT             NOT NULL,
    policy_version_ids   TEXT             NOT NULL,
    policy_stale         BOOLEAN          NOT NULL,
    degraded             TEXT             NOT NULL,
    quiet_hours_zone     TEXT             NOT NULL,
    latency_warning      BOOLEAN          NOT NULL,
    replay               BOOLEAN          NOT NULL,
    situation            TEXT             NOT NULL,
    receipt_id           TEXT COLLATE "C" NOT NULL,
    idem_key             TEXT COLLATE "C",
    body_hash            TEXT             NOT NULL,
    PRIMARY KEY (tenant_id, decision_id)
);

CREATE UNIQUE INDEX decisions_by_idem_key ON decisions (tenant_id, idem_key) WHERE idem_key IS NOT NULL;
CREATE INDEX decisions_by_actor ON decisions (tenant_id, actor_id, created_at, decision_id);
CREATE INDEX decisions_by_time ON decisions (tenant_id, created_at, decision_id);

-- result is the last outcome, empty until there is one.
CREATE TABLE actions (
    tenant_id             TEXT COLLATE "C" NOT NULL,
    action_id             TEXT COLLATE "C" NOT NULL,
    decision_id           TEXT COLLATE "C" NOT NULL,
    position              INTEGER          NOT NULL,
    actor_id              TEXT COLLATE "C" NOT NULL,
    kind                  TEXT             NOT NULL,
    playbook_id           TEXT COLLATE "C" NOT NULL,
    playbook_version      INTEGER          NOT NULL,
    action_index          INTEGER          NOT NULL,
    repo_id               TEXT COLLATE "C" NOT NULL,
    dedup_key             TEXT             NOT NULL,
    surfaces              TEXT             NOT NULL,
    payload               TEXT             NOT NULL,
    presentations         TEXT             NOT NULL,
    requires_consent      BOOLEAN          NOT NULL,
    requires_dual_channel BOOLEAN          NOT NULL,
    override              BOOLEAN          NOT NULL,
    reserved_at           BIGINT           NOT NULL,
    expires_at            BIGINT           NOT NULL,
    result                TEXT,
    result_at             BIGINT,
    PRIMARY KEY (tenant_id, action_id)
);

CREATE INDEX actions_by_decision ON actions (tenant_id, decision_id, position);
CREATE INDEX actions_by_actor ON actions (tenant_id, actor_id, reserved_at);
CREATE INDEX actions_by_repo ON actions (tenant_id, repo_id, reserved_at);

CREATE TABLE suppressions (
    tenant_id        TEXT COLLATE "C" NOT NULL,
    decision_id      TEXT COLLATE "C" NOT NULL,
    position         INTEGER          NOT NULL,
    playbook_id      TEXT COLLATE "C" NOT NULL,
    playbook_version INTEGER          NOT NULL,
    action_index     INTEGER          NOT NULL,
    kind             TEXT             NOT NULL,
    stage            TEXT             NOT NULL,
    reason           TEXT             NOT NULL,
    detail           TEXT             NOT NULL,
    eligible_at      BIGINT,
    PRIMARY KEY (tenant_id, decision_id, position)
);

-- +goose Down
DROP TABLE suppressions;
DROP TABLE actions;
DROP TABLE decisions;
