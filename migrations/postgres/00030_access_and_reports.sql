-- Who looked at whose data. by_ref is a pseudonym, what holds no actor id; entries stay, and only erasure changes one: it
-- replaces actor_id. The indexes are for lists of decisions by repo and by signal.

-- +goose Up
CREATE TABLE access_log (
    tenant_id  TEXT COLLATE "C" NOT NULL,
    actor_id   TEXT COLLATE "C" NOT NULL,
    at         BIGINT           NOT NULL,
    receipt_id TEXT COLLATE "C" NOT NULL,
    by_ref     TEXT             NOT NULL,
    what       TEXT             NOT NULL,
    PRIMARY KEY (tenant_id, actor_id, at, receipt_id)
);

CREATE TRIGGER access_log_never_goes BEFORE DELETE ON access_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the access log is append-only');

CREATE TRIGGER access_log_never_changes BEFORE UPDATE OF tenant_id, at, receipt_id, by_ref, what ON access_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change('the access log is append-only');

CREATE TRIGGER access_log_never_emptied BEFORE TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the access log is append-only');

CREATE INDEX decisions_by_repo ON decisions (tenant_id, repo_id, created_at, decision_id);
CREATE INDEX decisions_by_signal ON decisions (tenant_id, signal_id, created_at, decision_id);

-- +goose Down
DROP INDEX decisions_by_signal;
DROP INDEX decisions_by_repo;
DROP TABLE access_log;
