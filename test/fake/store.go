package fake

import (
	"context"
	"encoding/base64"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Store is a database in memory: all store ports over one set of tables. One transaction at a time works on a copy, which takes
// the place of the tables where it succeeds; others read what was committed last.
type Store struct {
	Playbooks      *Playbooks
	Decisions      *Decisions
	Signals        *Signals
	TenantSettings *TenantSettings
	Preferences    *Preferences
	Actors         *Actors
	Receipts       *Receipts
	Transactor     *Transactor
	History        *History
	AccessLog      *AccessLog
	DecisionList   *DecisionList
	Reports        *Reports
	Outcomes       *Outcomes
	OpenActions    *OpenActions
	Texts          *Texts
	Deliveries     *Deliveries

	clock   ports.Clock
	writing sync.Mutex // held by whoever changes the tables, taken before mu
	mu      sync.Mutex
	t       tables
}

type actorKey struct {
	tenant tenant.ID
	actor  actor.ID
}

type playbookKey struct {
	tenant tenant.ID
	id     playbook.ID
}

type versionKey struct {
	playbookKey
	number int
}

type decisionKey struct {
	tenant tenant.ID
	id     decision.ID
}

type signalKey struct {
	tenant     tenant.ID
	source, id string
}

type actionKey struct {
	tenant tenant.ID
	action string
}

type recorded struct {
	ports.Stored
	situation situation.Situation
	looked    []ports.Looked
	key       string
}

type settingsRow struct {
	settings tenant.Settings
	revision int64
}

type receiptRow struct {
	id string
	ports.LedgerEntry
}

// tables hold values that are never changed in place, so that a copy of the maps is a copy of everything.
type tables struct {
	playbooks   map[playbookKey]playbook.Playbook
	versions    map[versionKey]playbook.Version
	stamps      map[tenant.ID]int
	decisions   map[decisionKey]recorded
	signals     map[signalKey]keptSignal
	settings    map[tenant.ID]settingsRow
	preferences map[actorKey]ports.StoredPreferences
	salts       map[actorKey]string
	receipts    map[tenant.ID][]receiptRow
	ends        map[actionKey]end
	accesses    map[actorKey][]ports.Access
	outcomes    map[actionKey][]ports.Outcome
	clearances  map[actionKey]outcome.Clearance
	deliveries  map[deliveryKey]ports.DeliveryState
	returned    map[actionKey]bool
}

func (t tables) clone() tables {
	return tables{
		playbooks: maps.Clone(t.playbooks), versions: maps.Clone(t.versions), stamps: maps.Clone(t.stamps),
		decisions: maps.Clone(t.decisions), signals: maps.Clone(t.signals), settings: maps.Clone(t.settings),
		preferences: maps.Clone(t.preferences), salts: maps.Clone(t.salts), receipts: maps.Clone(t.receipts), ends: maps.Clone(t.ends),
		accesses: maps.Clone(t.accesses), outcomes: maps.Clone(t.outcomes), clearances: maps.Clone(t.clearances),
		deliveries: maps.Clone(t.deliveries), returned: maps.Clone(t.returned),
	}
}

// NewStore makes an empty store. clock is the real time, by which reservations run out.
func NewStore(clock ports.Clock) *Store {
	s := &Store{clock: clock, t: tables{
		playbooks: map[playbookKey]playbook.Playbook{}, versions: map[versionKey]playbook.Version{}, stamps: map[tenant.ID]int{},
		decisions: map[decisionKey]recorded{}, signals: map[signalKey]keptSignal{}, settings: map[tenant.ID]settingsRow{},
		preferences: map[actorKey]ports.StoredPreferences{}, salts: map[actorKey]string{}, receipts: map[tenant.ID][]receiptRow{},
		ends: map[actionKey]end{}, accesses: map[actorKey][]ports.Access{},
		outcomes: map[actionKey][]ports.Outcome{}, clearances: map[actionKey]outcome.Clearance{},
		deliveries: map[deliveryKey]ports.DeliveryState{}, returned: map[actionKey]bool{},
	}}
	s.Playbooks, s.Decisions, s.Signals = &Playbooks{s: s}, &Decisions{s: s}, &Signals{s: s}
	s.TenantSettings, s.Preferences, s.Actors = &TenantSettings{s: s}, &Preferences{s: s}, &Actors{s: s}
	s.Receipts, s.Transactor, s.History = &Receipts{s: s}, &Transactor{s: s}, &History{s: s}
	s.AccessLog, s.DecisionList, s.Reports = &AccessLog{s: s}, &DecisionList{s: s}, &Reports{s: s}
	s.Outcomes, s.OpenActions = &Outcomes{s: s}, &OpenActions{s: s}
	s.Texts = NewTexts()
	s.Deliveries = &Deliveries{s: s}
	return s
}

// txKey is under which a transaction's tables travel, one for each store.
type txKey struct{ s *Store }

// use runs fn on the tables, which fn may change and nobody else does meanwhile.
func (s *Store) use(ctx context.Context, f *Failing, fn func(*tables) error) error {
	if _, inside := ctx.Value(txKey{s}).(*tables); !inside {
		s.writing.Lock()
		defer s.writing.Unlock()
	}
	return s.read(ctx, f, fn)
}

// read runs fn, which changes nothing, on the tables: those of its transaction, or those committed last.
func (s *Store) read(ctx context.Context, f *Failing, fn func(*tables) error) error {
	if err := failed(ctx, f); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if own, inside := ctx.Value(txKey{s}).(*tables); inside {
		return fn(own)
	}
	return fn(&s.t)
}

// Transactor is ports.Transactor.
type Transactor struct {
	Failing
	s *Store
}

// Within implements ports.Transactor. Nested calls join the transaction they are in.
func (x *Transactor) Within(ctx context.Context, fn func(context.Context) error) error {
	if err := failed(ctx, &x.Failing); err != nil {
		return err
	}
	if _, inside := ctx.Value(txKey{x.s}).(*tables); inside {
		return fn(ctx)
	}
	x.s.writing.Lock()
	defer x.s.writing.Unlock()
	x.s.mu.Lock()
	own := x.s.t.clone()
	x.s.mu.Unlock()
	if err := fn(context.WithValue(ctx, txKey{x.s}, &own)); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.t = own
	return nil
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

// pageOf cuts a sorted list behind the cursor; name gives what the cursor holds of an element.
func pageOf[T any](list string, all []T, page ports.Page, name func(T) string) ([]T, string, error) {
	limit := min(page.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	if page.Cursor != "" {
		b, err := base64.RawURLEncoding.DecodeString(page.Cursor)
		last, ok := strings.CutPrefix(string(b), list+"|")
		if err != nil || !ok || last == "" {
			return nil, "", fault.InvalidField("cursor", "is not a cursor of this list")
		}
		for len(all) > 0 && name(all[0]) <= last {
			all = all[1:]
		}
	}
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], base64.RawURLEncoding.EncodeToString([]byte(list + "|" + name(all[limit-1]))), nil
}

// inWindow reports whether since < at <= until.
func inWindow(at, since, until time.Time) bool { return at.After(since) && !at.After(until) }
