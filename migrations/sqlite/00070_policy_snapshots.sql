-- What the policy service said last of each tenant, so that a restart while it is down is no outage. A row without fetched_at
-- holds the announced epoch only: somebody said that the policy was changed before anything was fetched.

-- +goose Up
CREATE TABLE policy_snapshots (
    tenant_id    TEXT    NOT NULL PRIMARY KEY,
    fetched_at   INTEGER,
    snapshot_id  TEXT    NOT NULL,
    allowed      INTEGER NOT NULL CHECK (allowed IN (0, 1)),
    version_ids  TEXT    NOT NULL,
    restrictions TEXT    NOT NULL,
    outdated     INTEGER NOT NULL CHECK (outdated IN (0, 1)),
    epoch        TEXT    NOT NULL
) STRICT;

-- +goose Down
DROP TABLE policy_snapshots;
