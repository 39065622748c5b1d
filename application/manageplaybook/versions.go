package manageplaybook

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	defaultVersions = 50
	maxVersions     = 200
)

// Versions lists the published versions of a playbook of the caller's tenant, newest first, and the next cursor, empty at the
// end. NotFound where there is no such playbook; a malformed cursor is Invalid.
func (u *UseCase) Versions(ctx context.Context, c caller.Caller, id playbook.ID, page ports.Page) ([]playbook.Version, string, error) {
	all, err := u.playbooks.Versions(ctx, c.Tenant(), id)
	if err != nil {
		return nil, "", err
	}
	if page.Cursor != "" {
		last, err := readVersionCursor(page.Cursor)
		if err != nil {
			return nil, "", err
		}
		for len(all) > 0 && all[0].Number >= last {
			all = all[1:]
		}
	}
	limit := min(page.Limit, maxVersions)
	if limit <= 0 {
		limit = defaultVersions
	}
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], versionCursor(all[limit-1].Number), nil
}

const versionList = "versions|"

func versionCursor(number int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(versionList + strconv.Itoa(number)))
}

func readVersionCursor(cursor string) (int, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	text, ok := strings.CutPrefix(string(raw), versionList)
	n, nerr := strconv.Atoi(text)
	if err != nil || !ok || nerr != nil || n < 1 {
		return 0, fault.InvalidField("cursor", "is not a cursor of this list")
	}
	return n, nil
}

// Version finds one published version; NotFound where there is none.
func (u *UseCase) Version(ctx context.Context, c caller.Caller, id playbook.ID, number int) (playbook.Version, error) {
	return u.playbooks.Version(ctx, c.Tenant(), id, number)
}

// Rollback publishes an older version as a new one; a draft stays as it is. NotFound for an unknown version, Conflict where
// the playbook is deprecated. Its tests are not run again: they passed when it was first published, and a way back must not
// depend on anything.
func (u *UseCase) Rollback(ctx context.Context, c caller.Caller, id playbook.ID, number int, revision int64) (playbook.Playbook, error) {
	return u.change(ctx, c, id, "rollback", revision, func(ctx context.Context, p playbook.Playbook, by string) (playbook.Playbook, error) {
		older, err := u.playbooks.Version(ctx, c.Tenant(), id, number)
		if err != nil {
			return p, err
		}
		next, err := p.Rollback(older, by, u.clock.Now())
		if err != nil {
			return p, err
		}
		return next, u.compiles(next)
	})
}

// compiles refuses to make live what does not compile now: it would silence every later decision of the tenant.
func (u *UseCase) compiles(p playbook.Playbook) error {
	st := p.State()
	if _, problems := playbook.Compile(st.ID, st.Live.Number, false, st.Live.Definition, u.exprs); len(problems) > 0 {
		return fault.Validation(problems...)
	}
	return nil
}
