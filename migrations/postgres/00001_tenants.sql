-- What tenants and their actors have set. The salt makes an actor's pseudonym; destroying it makes the pseudonym unlinkable.
--
-- Texts that are keys or stand in an order are compared byte by byte (COLLATE "C"), so that lists have the same order in every
-- dialect and whatever the database's own collation is. Documents are TEXT and not JSONB: nothing looks anything up inside them,
-- and what was stored comes back byte for byte.

-- +goose Up
CREATE TABLE tenant_settings (
    tenant_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    settings   TEXT             NOT NULL,
    revision   BIGINT           NOT NULL,
    updated_at BIGINT           NOT NULL
);

CREATE TABLE preferences (
    tenant_id     TEXT COLLATE "C" NOT NULL,
    actor_id      TEXT COLLATE "C" NOT NULL,
    preference_id TEXT COLLATE "C" NOT NULL,
    opt_out       TEXT             NOT NULL,
    surfaces      TEXT             NOT NULL,
    snooze_until  BIGINT,
    timezone      TEXT,
    revision      BIGINT           NOT NULL,
    created_at    BIGINT           NOT NULL,
    updated_at    BIGINT           NOT NULL,
    PRIMARY KEY (tenant_id, actor_id),
    UNIQUE (tenant_id, preference_id)
);

CREATE TABLE actors (
    tenant_id TEXT COLLATE "C" NOT NULL,
    actor_id  TEXT COLLATE "C" NOT NULL,
    salt      BYTEA            NOT NULL CHECK (length(salt) = 32),
    PRIMARY KEY (tenant_id, actor_id)
);

-- +goose Down
DROP TABLE actors;
DROP TABLE preferences;
DROP TABLE tenant_settings;
