package persistence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

type textRow struct {
	TenantID  string
	TextKey   string
	State     string
	Holder    string
	ClaimedAt int64
	HeldUntil int64
	Body      string
	Result    string
	RiskScore int64
	RiskFlags string
}

func (textRow) TableName() string { return "generated_texts" }

const (
	textClaimed = "claimed"
	textReady   = "ready"
)

type quotaRow struct {
	TenantID string
	Claims   string
}

func (quotaRow) TableName() string { return "generation_quotas" }

// PreparedTexts is ports.PreparedTexts. A claim first locks its tenant's quota, so that the claims of one tenant are judged one
// after the other, whatever replica they come from.
type PreparedTexts struct{ db *DB }

// NewPreparedTexts keeps generated texts in db.
func NewPreparedTexts(db *DB) *PreparedTexts { return &PreparedTexts{db: db} }

// Find reads the text of a key.
func (s *PreparedTexts) Find(ctx context.Context, t tenant.ID, key string, now time.Time) (ports.PreparedText, error) {
	return findText(ctx, s.db.reader(ctx), t, key, now)
}

func findText(ctx context.Context, h *gorm.DB, t tenant.ID, key string, now time.Time) (ports.PreparedText, error) {
	var row textRow
	err := of(h, t).Where("text_key = ?", key).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return ports.PreparedText{}, nil
	}
	if err != nil {
		return ports.PreparedText{}, failure(ctx, "find text", err)
	}
	return row.prepared(now)
}

// prepared is what a row says at a time.
func (r textRow) prepared(now time.Time) (ports.PreparedText, error) {
	if held := fromMicros(r.HeldUntil); r.State == textClaimed && now.Before(held) {
		return ports.PreparedText{State: ports.TextClaimed, Until: held}, nil
	}
	until := fromMicros(r.ClaimedAt).Add(ports.PreparedFor)
	if r.State != textReady || !now.Before(until) {
		return ports.PreparedText{}, nil
	}
	result, err := safety.ParseResult(r.Result)
	if err != nil {
		return ports.PreparedText{}, fmt.Errorf("read a stored verdict: %w", err)
	}
	out := ports.PreparedText{
		State: ports.TextReady, Until: until,
		Content: ports.Content{Text: r.Body, Verdict: safety.Verdict{Result: result, Score: int(r.RiskScore)}},
	}
	return out, parse(r.RiskFlags, &out.Content.Verdict.Flags)
}

// Claim judges and takes in one transaction.
func (s *PreparedTexts) Claim(ctx context.Context, t tenant.ID, c ports.TextClaim) (found ports.PreparedText, err error) {
	err = s.db.within(ctx, func(ctx context.Context) error {
		h := s.db.writer(ctx)
		claims, err := quotaOf(h, t)
		if err != nil {
			return failure(ctx, "find quota", err)
		}
		found, err = findText(ctx, h, t, c.Key, c.Now)
		if err != nil || found.State != ports.TextNone {
			return err
		}
		claims = slices.DeleteFunc(claims, func(at int64) bool { return at <= micros(c.Now.Add(-c.Window)) })
		if len(claims) >= c.Cap {
			until := c.Now.Add(c.Window)
			if len(claims) > 0 {
				until = fromMicros(slices.Min(claims)).Add(c.Window)
			}
			found = ports.PreparedText{State: ports.TextCapped, Until: until}
			return nil
		}
		row := textRow{
			TenantID: string(t), TextKey: c.Key, State: textClaimed, Holder: c.Holder, ClaimedAt: micros(c.Now),
			HeldUntil: micros(c.Now.Add(c.Lease)), Result: safety.Fail.String(), RiskFlags: "[]",
		}
		key := []clause.Column{{Name: "tenant_id"}, {Name: "text_key"}}
		if err := h.Clauses(clause.OnConflict{Columns: key, UpdateAll: true}).Create(&row).Error; err != nil {
			return failure(ctx, "claim text", err)
		}
		return failure(ctx, "count claim", setQuota(h, t, append(claims, micros(c.Now))))
	})
	if err != nil {
		return ports.PreparedText{}, err
	}
	return found, nil
}

// quotaOf locks a tenant's quota and gives the times of its claims.
func quotaOf(h *gorm.DB, t tenant.ID) ([]int64, error) {
	none := quotaRow{TenantID: string(t), Claims: "[]"}
	if err := h.Clauses(clause.OnConflict{DoNothing: true}).Create(&none).Error; err != nil {
		return nil, err
	}
	var row quotaRow
	if err := of(h, t).Clauses(clause.Locking{Strength: clause.LockingStrengthUpdate}).Take(&row).Error; err != nil {
		return nil, err
	}
	var claims []int64
	return claims, parse(row.Claims, &claims)
}

func setQuota(h *gorm.DB, t tenant.ID, claims []int64) error {
	doc, err := document(claims)
	if err != nil {
		return err
	}
	return of(h.Model(&quotaRow{}), t).Updates(map[string]any{"claims": doc}).Error
}

func claimOf(h *gorm.DB, t tenant.ID, key, holder string) *gorm.DB {
	return of(h, t).Where("text_key = ?", key).Where("holder = ?", holder).Where("state = ?", textClaimed)
}

// Settle puts the text in the claim's place.
func (s *PreparedTexts) Settle(ctx context.Context, t tenant.ID, key, holder string, c ports.Content) (bool, error) {
	flags, err := document(slices.Concat([]safety.Flag{}, c.Verdict.Flags))
	if err != nil {
		return false, err
	}
	body := c.Text
	if c.Verdict.Result == safety.Fail {
		body = "" // nobody will ever show it
	}
	done := claimOf(s.db.writer(ctx).Model(&textRow{}), t, key, holder).Updates(map[string]any{
		"state": textReady, "body": body, "result": c.Verdict.Result.String(), "risk_score": c.Verdict.Score, "risk_flags": flags,
	})
	return done.RowsAffected == 1, failure(ctx, "keep text", done.Error)
}

// Release removes the claim.
func (s *PreparedTexts) Release(ctx context.Context, t tenant.ID, key, holder string, refund bool) error {
	return s.db.within(ctx, func(ctx context.Context) error {
		h := s.db.writer(ctx)
		claims, err := quotaOf(h, t)
		if err != nil {
			return failure(ctx, "find quota", err)
		}
		var row textRow
		err = claimOf(h, t, key, holder).Take(&row).Error
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return nil
		}
		if err != nil {
			return failure(ctx, "find claim", err)
		}
		if err := claimOf(h, t, key, holder).Delete(&textRow{}).Error; err != nil {
			return failure(ctx, "end claim", err)
		}
		i := slices.Index(claims, row.ClaimedAt)
		if !refund || i < 0 {
			return nil
		}
		return failure(ctx, "refund claim", setQuota(h, t, slices.Delete(claims, i, i+1)))
	})
}

// purgeTexts removes old texts and abandoned claims.
func purgeTexts(h *gorm.DB, t tenant.ID, before int64, limit int) (int, error) {
	var keys []string
	err := oldest(h.Model(&textRow{}), t, "claimed_at", before, limit).Pluck("text_key", &keys).Error
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	return len(keys), of(h, t).Where("text_key IN ?", keys).Delete(&textRow{}).Error
}
