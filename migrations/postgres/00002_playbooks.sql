-- Playbooks with their draft, and their published versions, which never change. The stamp grows with every change of a
-- tenant's playbooks, so that replicas notice at the price of one row.
--
-- refuse_change is the body of every trigger that keeps rows as they are; its argument is what the writer is told.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END;
$$;
-- +goose StatementEnd

CREATE TABLE playbooks (
    tenant_id      TEXT COLLATE "C" NOT NULL,
    playbook_id    TEXT COLLATE "C" NOT NULL,
    status         TEXT COLLATE "C" NOT NULL CHECK (status IN ('draft', 'published', 'deprecated')),
    draft          TEXT,
    live_version   INTEGER,
    shadow_version INTEGER,
    versions       INTEGER          NOT NULL,
    probation      BOOLEAN          NOT NULL,
    revision       BIGINT           NOT NULL,
    created_at     BIGINT           NOT NULL,
    updated_at     BIGINT           NOT NULL,
    PRIMARY KEY (tenant_id, playbook_id)
);

CREATE INDEX playbooks_by_status ON playbooks (tenant_id, status, playbook_id);

CREATE TABLE playbook_versions (
    tenant_id        TEXT COLLATE "C" NOT NULL,
    playbook_id      TEXT COLLATE "C" NOT NULL,
    number           INTEGER          NOT NULL CHECK (number > 0),
    definition       TEXT             NOT NULL,
    published_at     BIGINT           NOT NULL,
    published_by_ref TEXT             NOT NULL,
    PRIMARY KEY (tenant_id, playbook_id, number)
);

CREATE TRIGGER playbook_versions_never_change BEFORE UPDATE ON playbook_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_change('a published version never changes');

CREATE TABLE playbook_stamps (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    stamp     BIGINT           NOT NULL
);

-- +goose Down
DROP TABLE playbook_stamps;
DROP TABLE playbook_versions;
DROP TABLE playbooks;
DROP FUNCTION refuse_change();
