package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	masters = 3
	slots   = 16384
)

// Cluster is a Redis Cluster of three masters without replicas. Each node can be stopped and started by itself.
type Cluster struct {
	Nodes []*RedisServer
	bus   []int
}

var cluster struct {
	sync.Mutex // guards one
	one        *Cluster
	use        sync.Mutex // held by the test that has the cluster
}

// RedisCluster gives the cluster, emptied, to one test at a time.
func RedisCluster(tb testing.TB) *Cluster {
	tb.Helper()
	binary := find(tb, "redis-server", "/usr/bin/redis-server")
	cluster.use.Lock()
	tb.Cleanup(cluster.use.Unlock)
	cluster.Lock()
	defer cluster.Unlock()
	if cluster.one == nil {
		c, err := newCluster(binary)
		if err != nil {
			tb.Fatalf("start a Redis Cluster: %v", err)
		}
		cluster.one = c
	}
	if err := cluster.one.Start(); err != nil { // a test may have left it stopped
		tb.Fatalf("start the Redis Cluster: %v", err)
	}
	if err := cluster.one.Flush(); err != nil {
		tb.Fatalf("empty the Redis Cluster: %v", err)
	}
	return cluster.one
}

func newCluster(binary string) (*Cluster, error) {
	c := &Cluster{}
	for range masters {
		var errs []error
		for range 3 { // somebody else may take a port
			bus := 0
			s, err := newRedis(binary, func(ports []int) []string {
				bus = ports[1]
				// The usual port of the bus, 10,000 higher, may not exist.
				return []string{"--cluster-enabled", "yes", "--cluster-port", fmt.Sprint(bus), "--cluster-node-timeout", "2000"}
			}, 2)
			if err == nil {
				c.Nodes, c.bus = append(c.Nodes, s), append(c.bus, bus)
				errs = nil
				break
			}
			errs = append(errs, err)
		}
		if errs != nil {
			return nil, errors.Join(errs...)
		}
	}
	return c, c.meet()
}

// meet shares the slots out and makes the nodes known to each other.
func (c *Cluster) meet() error {
	for i, node := range c.Nodes {
		err := node.do(func(ctx context.Context, r *redis.Client) error {
			from, to := i*slots/masters, (i+1)*slots/masters-1
			if err := r.Do(ctx, "CLUSTER", "ADDSLOTSRANGE", from, to).Err(); err != nil {
				return err
			}
			if err := r.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
				return err
			}
			for n, other := range c.Nodes[:i] {
				host, port, err := net.SplitHostPort(other.addr)
				if err != nil {
					return err
				}
				if err := r.Do(ctx, "CLUSTER", "MEET", host, port, c.bus[n]).Err(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return c.settled()
}

// settled waits until every node knows the whole cluster and serves.
func (c *Cluster) settled() error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(startWithin)
	for _, node := range c.Nodes {
		for {
			var info string
			err := node.do(func(ctx context.Context, r *redis.Client) (err error) {
				info, err = r.ClusterInfo(ctx).Result()
				return err
			})
			if err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_size:%d", masters)) {
				break
			}
			if time.Now().After(end) {
				return fmt.Errorf("the cluster does not settle: %w: %s", err, info)
			}
			<-tick.C
		}
	}
	return nil
}

// Addrs are the nodes' hosts and ports.
func (c *Cluster) Addrs() []string {
	out := make([]string, len(c.Nodes))
	for i, node := range c.Nodes {
		out[i] = node.addr
	}
	return out
}

// Flush empties all nodes.
func (c *Cluster) Flush() error {
	for _, node := range c.Nodes {
		err := node.do(func(ctx context.Context, r *redis.Client) error { return r.FlushAll(ctx).Err() })
		if err != nil {
			return err
		}
	}
	return nil
}

// Stop ends all nodes, and with them all that they held.
func (c *Cluster) Stop() error {
	var errs []error
	for _, node := range c.Nodes {
		errs = append(errs, node.Stop())
	}
	return errors.Join(errs...)
}

// Start starts the nodes that are stopped and waits until the cluster serves.
func (c *Cluster) Start() error {
	for _, node := range c.Nodes {
		if err := node.Start(); err != nil {
			return err
		}
	}
	return c.settled()
}
