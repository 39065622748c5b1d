package app

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/zeroui/mmm-engine/adapters/cli"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/infrastructure/config"
)

// check looks at everything a server on this configuration would need.
func check(ctx context.Context, cfg config.Config) []cli.Finding {
	out := []cli.Finding{checkConfig(cfg), checkKeys(cfg)}
	if cfg.Storage.Production() {
		out = append(out, checkStore(ctx, cfg), checkRedis(ctx, cfg))
	} else {
		out = append(out, checkLock(cfg), checkStore(ctx, cfg))
	}
	return append(append(out, checkNeighbours(ctx, cfg)...), checkPort(ctx, cfg))
}

func checkConfig(cfg config.Config) cli.Finding {
	f := cli.Finding{Name: "configuration", OK: true, Detail: "defaults and environment"}
	if cfg.File != "" {
		f.Detail = "environment over " + cfg.File
	}
	return f
}

func checkKeys(cfg config.Config) cli.Finding {
	f := cli.Finding{Name: "keys", OK: true, Detail: cfg.KeysDir()}
	if _, err := keyring(cfg); err != nil {
		f.OK, f.Detail, f.Advice = false, err.Error(), "mmm keys generate"
	}
	return f
}

func checkLock(cfg config.Config) cli.Finding {
	f := cli.Finding{Name: "data directory", OK: true, Detail: cfg.Storage.DataDir}
	unlock, err := lock(cfg.Storage.DataDir)
	switch {
	case errors.Is(err, errLocked):
		f.Detail += " is in use by a running mmm"
	case err != nil:
		f.OK, f.Detail, f.Advice = false, err.Error(), "make the directory writable, or set MMM_DATA_DIR"
	default:
		unlock()
	}
	return f
}

func checkStore(ctx context.Context, cfg config.Config) cli.Finding {
	f := cli.Finding{Name: "database", OK: true, Detail: "embedded SQLite, schema up to date"}
	advice := "check the directory's owner and free space"
	if cfg.Storage.Production() {
		f.Detail, advice = "PostgreSQL, schema up to date", "check MMM_DATABASE_URL and that the server can be reached from here"
	}
	s, files, err := connect(ctx, cfg, nil)
	if err != nil {
		return cli.Finding{Name: f.Name, Detail: err.Error(), Advice: advice}
	}
	defer func() { _ = s.Close() }()
	switch err := s.Ready(ctx, files); {
	case errors.Is(err, persistence.ErrNotMigrated) && cfg.Storage.Production():
		return cli.Finding{Name: f.Name, Detail: err.Error(), Advice: "mmm migrate up"}
	case errors.Is(err, persistence.ErrNotMigrated):
		f.Detail = "embedded SQLite, to be migrated by the next serve"
	case err != nil:
		return cli.Finding{Name: f.Name, Detail: err.Error(), Advice: "use the release that wrote it, or restore a backup"}
	}
	if file, ok := s.(*sqlite.Store); ok {
		if err := file.Check(ctx); err != nil {
			return cli.Finding{Name: f.Name, Detail: err.Error(), Advice: "restore a backup"}
		}
	}
	return f
}

func checkRedis(ctx context.Context, cfg config.Config) cli.Finding {
	f := cli.Finding{Name: "redis", OK: true, Detail: "answers"}
	c, err := redis.Open(redis.Config{URL: cfg.Storage.RedisURL.Reveal()})
	if err == nil {
		err = c.Ping(ctx)
		defer func() { _ = c.Close() }()
	}
	if err != nil {
		return cli.Finding{Name: f.Name, Detail: err.Error(), Advice: "check MMM_REDIS_URL; until it answers only critical nudges pass"}
	}
	return f
}

func checkPort(ctx context.Context, cfg config.Config) cli.Finding {
	f := cli.Finding{Name: "address", OK: true, Detail: cfg.Server.Listen}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", cfg.Server.Listen)
	if err != nil {
		f.OK, f.Detail = false, fmt.Sprintf("%s cannot be listened on", cfg.Server.Listen)
		f.Advice = "stop what uses the port (a running mmm?), or set MMM_LISTEN"
		return f
	}
	_ = l.Close()
	return f
}
