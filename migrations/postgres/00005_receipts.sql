-- The evidence ledger: append-only, one contiguous sequence per tenant from 1. document is the canonical JSON with signature,
-- byte for byte as it was signed. A counter is locked from the moment it is counted up until the commit, so it leaves no gap; a
-- few of them share a page, which keeps the updates in place (fillfactor).

-- +goose Up
CREATE TABLE receipts (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    sequence    BIGINT           NOT NULL CHECK (sequence > 0),
    receipt_id  TEXT COLLATE "C" NOT NULL,
    kind        TEXT             NOT NULL,
    document    BYTEA            NOT NULL,
    recorded_at BIGINT           NOT NULL,
    PRIMARY KEY (tenant_id, sequence),
    UNIQUE (tenant_id, receipt_id)
);

CREATE TRIGGER receipts_never_change BEFORE UPDATE OR DELETE ON receipts
    FOR EACH ROW EXECUTE FUNCTION refuse_change('receipts are append-only');

CREATE TRIGGER receipts_never_go BEFORE TRUNCATE ON receipts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('receipts are append-only');

CREATE TABLE receipt_counters (
    tenant_id     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    last_sequence BIGINT           NOT NULL
) WITH (fillfactor = 20);

-- +goose Down
DROP TABLE receipt_counters;
DROP TABLE receipts;
