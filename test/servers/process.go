package servers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startWithin bounds how long a server may take to answer, on a busy machine.
const startWithin = 60 * time.Second

// supervise obeys one word a line and answers each. It must outlive this process, so it takes no notice of a broken pipe.
const supervise = `
trap '' PIPE
pid=
end() {
	[ -z "$pid" ] || { kill "-$1" "$pid"; wait "$pid"; pid=; }
}
while read -r word; do
	case $word in
	start) [ -n "$pid" ] || { "$@" >>log 2>&1 </dev/null & pid=$!; } ;;
	stop) end "$STOP" ;;
	look) kill -0 "$pid" || { echo gone; continue; } ;;
	esac
	echo done
done 2>>log
end "$STOP"
dir=$(pwd)
cd / && rm -rf "$dir"
`

// process is a server under its supervisor.
type process struct {
	dir string

	mu  sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// running is every process of this binary, for Stop.
var running struct {
	sync.Mutex
	all []*process
}

// Stop ends all servers and waits until they are gone; call it in TestMain after the tests. What is asked for later starts anew
// only in another process.
func Stop() {
	running.Lock()
	defer running.Unlock()
	for _, p := range running.all {
		p.mu.Lock()
		_ = p.in.Close()
		_ = p.cmd.Wait()
		p.mu.Unlock()
	}
	running.all = nil
}

// owner is whom servers run as: nil for this process's own user.
func owner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uerr, gerr)
}

// newProcess makes a directory and a supervisor in it, and starts nothing yet. signal is what stops the server.
func newProcess(signal, binary string, args ...string) (*process, error) {
	as, err := owner()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mmm-servers-")
	if err != nil {
		return nil, err
	}
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	p := &process{dir: dir, cmd: exec.Command("/bin/sh", append([]string{"-c", supervise, "sh", binary}, args...)...)}
	p.cmd.Dir = dir
	p.cmd.Env = []string{"PATH=/usr/bin:/bin", "STOP=" + signal, "LC_ALL=C", "HOME=" + dir}
	// A group of its own: an interrupt at the terminal is for the tests, whose end then ends the servers.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	p.in, p.out = in, bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	running.Lock()
	running.all = append(running.all, p)
	running.Unlock()
	return p, nil
}

var errGone = errors.New("the server has ended by itself")

// tell sends the supervisor a word and waits until it is done.
func (p *process) tell(word string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := io.WriteString(p.in, word+"\n"); err != nil {
		return err
	}
	answer, err := p.out.ReadString('\n')
	if answer == "gone\n" {
		return errGone
	}
	return err
}

// start starts the server and waits until answers is content.
func (p *process) start(answers func() error) error {
	if err := p.tell("start"); err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(startWithin)
	for {
		err := answers()
		if err == nil {
			return nil
		}
		if gone := p.tell("look"); gone != nil || time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(p.dir, "log"))
			return fmt.Errorf("it does not answer: %w; its log: %s", errors.Join(gone, err), log)
		}
		<-tick.C
	}
}

// run runs a program to its end as the servers' user, in p's directory.
func (p *process) run(binary string, args ...string) error {
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Env = p.dir, p.cmd.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.cmd.SysProcAttr.Credential}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", binary, err, out)
	}
	return nil
}

// freePorts gives ports that nobody listens on.
func freePorts(n int) ([]int, error) {
	var out []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }() // only when all are found, so that they differ
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out, nil
}

// find looks for a program on PATH and where Debian keeps it.
func find(tb testing.TB, program, pattern string) string {
	tb.Helper()
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	if found, _ := filepath.Glob(pattern); len(found) > 0 {
		return found[len(found)-1]
	}
	tb.Fatalf("%s is not installed. The tests start PostgreSQL and Redis for themselves; install them, for example as root: "+
		"apt-get install -y postgresql redis-server", program)
	return ""
}
