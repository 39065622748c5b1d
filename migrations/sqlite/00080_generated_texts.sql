-- Texts that a model wrote, by the digest of what it was asked; a row is claimed while its text is being generated, and holds
-- the verdict alone where the text may not be shown. claims are the times of a tenant's latest claims, by which they are capped.

-- +goose Up
CREATE TABLE generated_texts (
    tenant_id  TEXT    NOT NULL,
    text_key   TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('claimed', 'ready')),
    holder     TEXT    NOT NULL,
    claimed_at INTEGER NOT NULL,
    held_until INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    result     TEXT    NOT NULL,
    risk_score INTEGER NOT NULL,
    risk_flags TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, text_key)
) STRICT;

CREATE INDEX generated_texts_by_age ON generated_texts (tenant_id, claimed_at);

CREATE TABLE generation_quotas (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    claims    TEXT NOT NULL
) STRICT;

-- +goose Down
DROP TABLE generation_quotas;
DROP INDEX generated_texts_by_age;
DROP TABLE generated_texts;
