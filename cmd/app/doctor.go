package app

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/zeroui/mmm-engine/adapters/cli"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/infrastructure/config"
)

// check looks at everything a server on this configuration would need.
func check(ctx context.Context, cfg config.Config) []cli.Finding {
	return []cli.Finding{checkConfig(cfg), checkKeys(cfg), checkLock(cfg), checkStore(ctx, cfg), checkPort(ctx, cfg)}
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
	files, err := schema()
	if err != nil {
		return cli.Finding{Name: f.Name, Detail: err.Error()}
	}
	s, err := sqlite.Open(ctx, storePath(cfg))
	if err != nil {
		return cli.Finding{Name: f.Name, Detail: err.Error(), Advice: "check the directory's owner and free space"}
	}
	defer func() { _ = s.Close() }()
	switch err := s.Ready(ctx, files); {
	case errors.Is(err, sqlite.ErrNotMigrated):
		f.Detail = "embedded SQLite, to be migrated by the next serve"
	case err != nil:
		return cli.Finding{Name: f.Name, Detail: err.Error(), Advice: "use the release that wrote it, or restore a backup"}
	default:
		if err := s.Check(ctx); err != nil {
			return cli.Finding{Name: f.Name, Detail: err.Error(), Advice: "restore a backup"}
		}
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
