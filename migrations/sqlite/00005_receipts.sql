-- The evidence ledger: append-only, one contiguous sequence per tenant from 1. document is the canonical JSON with signature,
-- byte for byte as it was signed.

-- +goose Up
CREATE TABLE receipts (
    tenant_id   TEXT    NOT NULL,
    sequence    INTEGER NOT NULL CHECK (sequence > 0),
    receipt_id  TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    document    BLOB    NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, sequence),
    UNIQUE (tenant_id, receipt_id)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER receipts_never_change BEFORE UPDATE ON receipts
BEGIN
    SELECT RAISE(ABORT, 'receipts are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER receipts_never_go BEFORE DELETE ON receipts
BEGIN
    SELECT RAISE(ABORT, 'receipts are append-only');
END;
-- +goose StatementEnd

CREATE TABLE receipt_counters (
    tenant_id     TEXT    NOT NULL PRIMARY KEY,
    last_sequence INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE receipt_counters;
DROP TABLE receipts;
