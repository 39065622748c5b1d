package persistence

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

const (
	saltBytes = 32
	maxSalts  = 10_000 // kept in memory, about 3 MB
)

type actorRow struct {
	TenantID string
	ActorID  string
	Salt     []byte
}

func (actorRow) TableName() string { return "actors" }

type actorKey struct {
	tenant tenant.ID
	actor  actor.ID
}

// Actors is ports.Actors, with a bounded memory of salts: a salt never changes until it is destroyed.
type Actors struct {
	db *DB

	mu    sync.Mutex
	salts map[actorKey][]byte
	// forgotten counts calls of Forget, so that a salt read before one is not kept after it.
	forgotten int
}

// NewActors keeps salts in db.
func NewActors(db *DB) *Actors { return &Actors{db: db, salts: map[actorKey][]byte{}} }

// Ref gives the actor's pseudonym and makes the actor's salt where there is none.
func (s *Actors) Ref(ctx context.Context, t tenant.ID, a actor.ID) (string, error) {
	key := actorKey{t, a}
	s.mu.Lock()
	salt, generation := s.salts[key], s.forgotten
	s.mu.Unlock()
	if salt != nil {
		return receipt.ActorRef(salt, string(a)), nil
	}
	salt, err := s.salt(ctx, key)
	if err != nil {
		return "", err
	}
	// What a transaction sees may be rolled back, so it is not kept.
	if !s.db.inTx(ctx) {
		s.keep(key, salt, generation)
	}
	return receipt.ActorRef(salt, string(a)), nil
}

// Forget drops an actor's salt from memory. Whoever destroys the stored salt calls it after the commit.
func (s *Actors) Forget(t tenant.ID, a actor.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.salts, actorKey{t, a})
	s.forgotten++
}

func (s *Actors) keep(key actorKey, salt []byte, generation int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forgotten != generation {
		return
	}
	if len(s.salts) >= maxSalts {
		for k := range s.salts { // any one: it costs a read to have it back
			delete(s.salts, k)
			break
		}
	}
	s.salts[key] = salt
}

func (s *Actors) salt(ctx context.Context, key actorKey) ([]byte, error) {
	salt, err := readSalt(s.db.reader(ctx), key)
	if !errors.Is(err, gorm.ErrRecordNotFound) {
		return salt, failure(ctx, "find salt", err)
	}
	fresh := make([]byte, saltBytes)
	_, _ = rand.Read(fresh) // never fails: it ends the process instead
	err = s.db.within(ctx, func(ctx context.Context) error {
		h := s.db.writer(ctx)
		row := actorRow{TenantID: string(key.tenant), ActorID: string(key.actor), Salt: fresh}
		if err := h.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return failure(ctx, "store salt", err)
		}
		salt, err = readSalt(h, key) // somebody else's, where two came at once
		return failure(ctx, "find salt", err)
	})
	return salt, err
}

func readSalt(h *gorm.DB, key actorKey) ([]byte, error) {
	var row actorRow
	err := of(h, key.tenant).Where("actor_id = ?", string(key.actor)).Take(&row).Error
	return row.Salt, err
}
