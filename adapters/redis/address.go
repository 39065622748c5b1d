package redis

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// The messages never repeat the address: it may hold a password.
var (
	errScheme = errors.New("the Redis address must begin with redis://, rediss:// or redis+sentinel://")
	errHosts  = errors.New("the Redis address needs hosts as host or host:port, separated by commas")
	errPath   = errors.New("the path of the Redis address must be the number of a database")
	errMaster = errors.New("a Sentinel address needs the name of the master before the @")
	errQuery  = errors.New("the Redis address knows only the parameters cluster, password, username, sentinel_username and sentinel_password")
	errOneDB  = errors.New("a Redis Cluster has no database but 0")
)

const (
	redisPort    = "6379"
	sentinelPort = "26379"
)

// parse reads an address:
//
//	redis://[user[:password]@]host[:port][/db]            one server; with ?cluster=true the first node of a cluster
//	redis://[user[:password]@]host1:port,host2:port,...   a cluster
//	redis+sentinel://master[:password]@host1,host2[/db]   what the sentinels call master
//
// rediss and rediss+sentinel are the same over TLS.
func parse(address string) (*goredis.UniversalOptions, error) {
	scheme, rest, found := strings.Cut(address, "://")
	secure := strings.HasPrefix(scheme, "rediss")
	sentinel := strings.HasSuffix(scheme, "+sentinel")
	switch strings.TrimSuffix(scheme, "+sentinel") {
	case "redis", "rediss":
	default:
		found = false
	}
	if !found {
		return nil, errScheme
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	user, hosts := "", authority
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, hosts = authority[:at], authority[at+1:]
	}

	port := redisPort
	if sentinel {
		port = sentinelPort
	}
	o := &goredis.UniversalOptions{}
	for h := range strings.SplitSeq(hosts, ",") {
		addr, err := hostPort(h, port)
		if err != nil {
			return nil, err
		}
		o.Addrs = append(o.Addrs, addr)
	}
	if secure {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12} // without a name, the host that is dialled must be certified
	}
	if err := credentials(o, user, query, sentinel); err != nil {
		return nil, err
	}
	return o, database(o, path, sentinel)
}

func hostPort(h, port string) (string, error) {
	u, err := url.Parse("redis://" + h)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Path != "" {
		return "", errHosts
	}
	if p := u.Port(); p != "" {
		port = p
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

func credentials(o *goredis.UniversalOptions, user, query string, sentinel bool) error {
	name, password, _ := strings.Cut(user, ":")
	name, err := url.PathUnescape(name)
	if err != nil {
		return errHosts
	}
	if password, err = url.PathUnescape(password); err != nil {
		return errHosts
	}
	o.Username, o.Password = name, password
	if sentinel {
		o.Username, o.MasterName = "", name
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return errQuery
	}
	for k, v := range values {
		switch k {
		case "cluster":
			if o.IsClusterMode, err = strconv.ParseBool(v[0]); err != nil {
				return errQuery
			}
		case "username":
			o.Username = v[0]
		case "password":
			o.Password = v[0]
		case "sentinel_username":
			o.SentinelUsername = v[0]
		case "sentinel_password":
			o.SentinelPassword = v[0]
		default:
			return errQuery
		}
	}
	if sentinel && o.MasterName == "" {
		return errMaster
	}
	return nil
}

func database(o *goredis.UniversalOptions, path string, sentinel bool) error {
	if path == "" {
		return nil
	}
	db, err := strconv.Atoi(path)
	if err != nil || db < 0 {
		return errPath
	}
	if db != 0 && !sentinel && (len(o.Addrs) > 1 || o.IsClusterMode) {
		return errOneDB
	}
	o.DB = db
	return nil
}
