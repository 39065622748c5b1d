-- What tenants and their actors have set. The salt makes an actor's pseudonym; destroying it makes the pseudonym unlinkable.

-- +goose Up
CREATE TABLE tenant_settings (
    tenant_id  TEXT    NOT NULL PRIMARY KEY,
    settings   TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE preferences (
    tenant_id     TEXT    NOT NULL,
    actor_id      TEXT    NOT NULL,
    preference_id TEXT    NOT NULL,
    opt_out       TEXT    NOT NULL,
    surfaces      TEXT    NOT NULL,
    snooze_until  INTEGER,
    timezone      TEXT,
    revision      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, actor_id),
    UNIQUE (tenant_id, preference_id)
) STRICT;

CREATE TABLE actors (
    tenant_id TEXT NOT NULL,
    actor_id  TEXT NOT NULL,
    salt      BLOB NOT NULL CHECK (length(salt) = 32),
    PRIMARY KEY (tenant_id, actor_id)
) STRICT;

-- +goose Down
DROP TABLE actors;
DROP TABLE preferences;
DROP TABLE tenant_settings;
