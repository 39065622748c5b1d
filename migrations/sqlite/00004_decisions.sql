-- Decisions with what was shown and what was withheld. situation is what was known, for backtests; it holds no actor id.
-- idem_key is a keyed hash and unique while it is set; a key past its life is taken away from its old row.

-- +goose Up
CREATE TABLE decisions (
    tenant_id            TEXT    NOT NULL,
    decision_id          TEXT    NOT NULL,
    actor_id             TEXT    NOT NULL,
    actor_type           TEXT    NOT NULL,
    responsible_actor_id TEXT,
    created_at           INTEGER NOT NULL,
    recorded_at          INTEGER NOT NULL,
    repo_id              TEXT    NOT NULL,
    branch               TEXT    NOT NULL,
    file_path            TEXT    NOT NULL,
    environment          TEXT    NOT NULL,
    surface              TEXT    NOT NULL,
    signal_id            TEXT    NOT NULL,
    source               TEXT    NOT NULL,
    event_type           TEXT    NOT NULL,
    severity             INTEGER NOT NULL,
    evaluation_point     TEXT    NOT NULL,
    fired                TEXT    NOT NULL,
    policy_snapshot_id   TEXT    NOT NULL,
    policy_version_ids   TEXT    NOT NULL,
    policy_stale         INTEGER NOT NULL CHECK (policy_stale IN (0, 1)),
    degraded             TEXT    NOT NULL,
    quiet_hours_zone     TEXT    NOT NULL,
    latency_warning      INTEGER NOT NULL CHECK (latency_warning IN (0, 1)),
    replay               INTEGER NOT NULL CHECK (replay IN (0, 1)),
    situation            TEXT    NOT NULL,
    receipt_id           TEXT    NOT NULL,
    idem_key             TEXT,
    body_hash            TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, decision_id)
) STRICT;

CREATE UNIQUE INDEX decisions_by_idem_key ON decisions (tenant_id, idem_key) WHERE idem_key IS NOT NULL;
CREATE INDEX decisions_by_actor ON decisions (tenant_id, actor_id, created_at);
CREATE INDEX decisions_by_time ON decisions (tenant_id, created_at);

-- result is the last outcome, empty until there is one.
CREATE TABLE actions (
    tenant_id             TEXT    NOT NULL,
    action_id             TEXT    NOT NULL,
    decision_id           TEXT    NOT NULL,
    position              INTEGER NOT NULL,
    actor_id              TEXT    NOT NULL,
    kind                  TEXT    NOT NULL,
    playbook_id           TEXT    NOT NULL,
    playbook_version      INTEGER NOT NULL,
    action_index          INTEGER NOT NULL,
    repo_id               TEXT    NOT NULL,
    dedup_key             TEXT    NOT NULL,
    surfaces              TEXT    NOT NULL,
    payload               TEXT    NOT NULL,
    presentations         TEXT    NOT NULL,
    requires_consent      INTEGER NOT NULL CHECK (requires_consent IN (0, 1)),
    requires_dual_channel INTEGER NOT NULL CHECK (requires_dual_channel IN (0, 1)),
    override              INTEGER NOT NULL CHECK (override IN (0, 1)),
    reserved_at           INTEGER NOT NULL,
    expires_at            INTEGER NOT NULL,
    result                TEXT,
    result_at             INTEGER,
    PRIMARY KEY (tenant_id, action_id)
) STRICT;

CREATE INDEX actions_by_decision ON actions (tenant_id, decision_id, position);
CREATE INDEX actions_by_actor ON actions (tenant_id, actor_id, reserved_at);
CREATE INDEX actions_by_repo ON actions (tenant_id, repo_id, reserved_at);

CREATE TABLE suppressions (
    tenant_id        TEXT    NOT NULL,
    decision_id      TEXT    NOT NULL,
    position         INTEGER NOT NULL,
    playbook_id      TEXT    NOT NULL,
    playbook_version INTEGER NOT NULL,
    action_index     INTEGER NOT NULL,
    kind             TEXT    NOT NULL,
    stage            TEXT    NOT NULL,
    reason           TEXT    NOT NULL,
    detail           TEXT    NOT NULL,
    eligible_at      INTEGER,
    PRIMARY KEY (tenant_id, decision_id, position)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE suppressions;
DROP TABLE actions;
DROP TABLE decisions;
