-- The verdicts on the texts that a model wrote for a decision.

-- +goose Up
ALTER TABLE decisions ADD COLUMN generated TEXT NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE decisions DROP COLUMN generated;
