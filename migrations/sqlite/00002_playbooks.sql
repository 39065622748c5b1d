-- Playbooks with their draft, and their published versions, which never change. The stamp grows with every change of a
-- tenant's playbooks, so that replicas notice at the price of one row.

-- +goose Up
CREATE TABLE playbooks (
    tenant_id      TEXT    NOT NULL,
    playbook_id    TEXT    NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('draft', 'published', 'deprecated')),
    draft          TEXT,
    live_version   INTEGER,
    shadow_version INTEGER,
    versions       INTEGER NOT NULL,
    probation      INTEGER NOT NULL CHECK (probation IN (0, 1)),
    revision       INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, playbook_id)
) STRICT;

CREATE INDEX playbooks_by_status ON playbooks (tenant_id, status, playbook_id);

CREATE TABLE playbook_versions (
    tenant_id        TEXT    NOT NULL,
    playbook_id      TEXT    NOT NULL,
    number           INTEGER NOT NULL CHECK (number > 0),
    definition       TEXT    NOT NULL,
    published_at     INTEGER NOT NULL,
    published_by_ref TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, playbook_id, number)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER playbook_versions_never_change BEFORE UPDATE ON playbook_versions
BEGIN
    SELECT RAISE(ABORT, 'a published version never changes');
END;
-- +goose StatementEnd

CREATE TABLE playbook_stamps (
    tenant_id TEXT    NOT NULL PRIMARY KEY,
    stamp     INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE playbook_stamps;
DROP TABLE playbook_versions;
DROP TABLE playbooks;
