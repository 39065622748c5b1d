-- What the policy service said last of each tenant, so that a restart while it is down is no outage. A row without fetched_at
-- holds the announced epoch only: somebody said that the policy was changed before anything was fetched.

-- +goose Up
CREATE TABLE policy_snapshots (
    tenant_id    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fetched_at   BIGINT,
    snapshot_id  TEXT COLLATE "C" NOT NULL,
    allowed      BOOLEAN          NOT NULL,
    version_ids  TEXT             NOT NULL,
    restrictions TEXT             NOT NULL,
    outdated     BOOLEAN          NOT NULL,
    epoch        TEXT COLLATE "C" NOT NULL
);

-- +goose Down
DROP TABLE policy_snapshots;
