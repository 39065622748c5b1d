-- How far an action has come on its way to a surface that is pushed to. outbox_id is the row that stands for the way; a replayed
-- dead letter is another row. given_back_at of an action is when its unit of the attention budget was given back because no
-- surface took it: from then on it counts for no limit.

-- +goose Up
CREATE TABLE deliveries (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    action_id   TEXT COLLATE "C" NOT NULL,
    surface     TEXT COLLATE "C" NOT NULL,
    decision_id TEXT COLLATE "C" NOT NULL,
    outbox_id   BIGINT           NOT NULL,
    status      TEXT COLLATE "C" NOT NULL CHECK (status IN ('waiting', 'delivered', 'failed')),
    tries_left  INTEGER          NOT NULL CHECK (tries_left >= 0),
    reason      TEXT             NOT NULL,
    updated_at  BIGINT           NOT NULL,
    PRIMARY KEY (tenant_id, action_id, surface)
);

CREATE INDEX deliveries_by_decision ON deliveries (tenant_id, decision_id);

ALTER TABLE actions ADD COLUMN given_back_at BIGINT;

-- +goose Down
ALTER TABLE actions DROP COLUMN given_back_at;
DROP TABLE deliveries;
