package fake

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// AccessLog is ports.AccessLog.
type AccessLog struct {
	Failing
	s *Store
}

// Add implements ports.AccessLog.
func (x *AccessLog) Add(ctx context.Context, t tenant.ID, a ports.Access, of []actor.ID) error {
	return x.s.use(ctx, &x.Failing, func(db *tables) error {
		a.At = a.At.UTC()
		changed := map[actorKey][]ports.Access{}
		for _, id := range of {
			k := actorKey{t, id}
			rows := db.accesses[k]
			if slices.ContainsFunc(rows, func(o ports.Access) bool { return o.ReceiptID == a.ReceiptID }) {
				return fault.Conflictf("it is stored already")
			}
			changed[k] = append(slices.Clip(rows), a)
		}
		maps.Copy(db.accesses, changed)
		return nil
	})
}

// List implements ports.AccessLog.
func (x *AccessLog) List(ctx context.Context, t tenant.ID, a actor.ID, page ports.Page) (out []ports.Access, next string, err error) {
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		out, next, err = newest("access-log", db.accesses[actorKey{t, a}], page, func(a ports.Access) string { return place(a.At, a.ReceiptID) })
		return err
	})
	return out, next, err
}

// place names a moment in a list by time, so that later ones sort behind.
func place(at time.Time, id string) string { return fmt.Sprintf("%020d %s", at.UnixMicro(), id) }

// newest cuts a list, newest first, behind the cursor.
func newest[T any](list string, all []T, page ports.Page, name func(T) string) ([]T, string, error) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b T) int { return strings.Compare(name(b), name(a)) })
	if page.Cursor != "" {
		b, err := base64.RawURLEncoding.DecodeString(page.Cursor)
		last, ok := strings.CutPrefix(string(b), list+"|")
		if err != nil || !ok || last == "" {
			return nil, "", fault.InvalidField("cursor", "is not a cursor of this list")
		}
		all = slices.DeleteFunc(all, func(e T) bool { return name(e) >= last })
	}
	limit := min(page.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], base64.RawURLEncoding.EncodeToString([]byte(list + "|" + name(all[limit-1]))), nil
}
