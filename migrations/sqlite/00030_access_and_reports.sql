-- Who looked at whose data. by_ref is a pseudonym, what holds no actor id; entries stay, and only erasure changes one: it
-- replaces actor_id. The indexes are for lists of decisions by repo and by signal.

-- +goose Up
CREATE TABLE access_log (
    tenant_id  TEXT    NOT NULL,
    actor_id   TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    receipt_id TEXT    NOT NULL,
    by_ref     TEXT    NOT NULL,
    what       TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, actor_id, at, receipt_id)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER access_log_never_goes BEFORE DELETE ON access_log
BEGIN
    SELECT RAISE(ABORT, 'the access log is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER access_log_never_changes BEFORE UPDATE OF tenant_id, at, receipt_id, by_ref, what ON access_log
BEGIN
    SELECT RAISE(ABORT, 'the access log is append-only');
END;
-- +goose StatementEnd

CREATE INDEX decisions_by_repo ON decisions (tenant_id, repo_id, created_at);
CREATE INDEX decisions_by_signal ON decisions (tenant_id, signal_id, created_at);

-- +goose Down
DROP INDEX decisions_by_signal;
DROP INDEX decisions_by_repo;
DROP TABLE access_log;
