-- What became of actions. An outcome outlives its decision, so it carries what totals are made of. position counts the outcomes
-- of an action from 1: two that are written at once meet there, and one of them is refused. reason holds one word or nothing.
--
-- approved_at and redeemed_at of an action are when its dual channel was complete and when its execution grant was redeemed.

-- +goose Up
CREATE TABLE outcomes (
    tenant_id        TEXT COLLATE "C" NOT NULL,
    outcome_id       TEXT COLLATE "C" NOT NULL,
    decision_id      TEXT COLLATE "C" NOT NULL,
    action_id        TEXT COLLATE "C" NOT NULL,
    position         INTEGER          NOT NULL CHECK (position > 0),
    actor_id         TEXT COLLATE "C" NOT NULL,
    by_actor_id      TEXT COLLATE "C" NOT NULL,
    actor_type       TEXT             NOT NULL,
    kind             TEXT             NOT NULL,
    playbook_id      TEXT COLLATE "C" NOT NULL,
    playbook_version INTEGER          NOT NULL,
    action_index     INTEGER          NOT NULL,
    repo_id          TEXT COLLATE "C" NOT NULL,
    result           TEXT COLLATE "C" NOT NULL,
    reason_given     BOOLEAN          NOT NULL,
    reason           TEXT             NOT NULL,
    recorded_at      BIGINT           NOT NULL,
    PRIMARY KEY (tenant_id, outcome_id),
    UNIQUE (tenant_id, action_id, position),
    UNIQUE (tenant_id, action_id, result)
);

CREATE INDEX outcomes_by_time ON outcomes (tenant_id, recorded_at);

ALTER TABLE actions ADD COLUMN approved_at BIGINT;
ALTER TABLE actions ADD COLUMN redeemed_at BIGINT;

CREATE INDEX actions_by_expiry ON actions (tenant_id, actor_id, expires_at);

-- +goose Down
DROP INDEX actions_by_expiry;
ALTER TABLE actions DROP COLUMN redeemed_at;
ALTER TABLE actions DROP COLUMN approved_at;
DROP TABLE outcomes;
