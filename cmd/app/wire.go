//go:build wireinject

package app

import (
	"context"
	"log/slog"

	"github.com/google/wire"

	"github.com/zeroui/mmm-engine/infrastructure/config"
)

func build(ctx context.Context, cfg config.Config, log *slog.Logger) (*App, func(), error) {
	panic(wire.Build(floorSet, outboundSet, useCaseSet, inboundSet, newApp))
}
