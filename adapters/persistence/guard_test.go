package persistence_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	_ "modernc.org/sqlite"

	"github.com/zeroui/mmm-engine/adapters/persistence"
)

type note struct {
	TenantID string
	Name     string
	Text     string
}

func (note) TableName() string { return "notes" }

type orphan struct{ Name string }

func (orphan) TableName() string { return "orphans" }

// guarded opens a store of two tenants with one note each.
func guarded(t *testing.T) *gorm.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = db.ExecContext(t.Context(), `CREATE TABLE notes (tenant_id TEXT, name TEXT, text TEXT); CREATE TABLE orphans (name TEXT);
		INSERT INTO notes VALUES ('a', 'n', 'of a'), ('b', 'n', 'of b')`)
	require.NoError(t, err)
	h, err := gorm.Open(gormsqlite.New(gormsqlite.Config{Conn: db}), &gorm.Config{Logger: logger.Discard, SkipDefaultTransaction: true})
	require.NoError(t, err)
	require.NoError(t, h.Use(persistence.Guard{}))
	return h
}

func TestGuard_refusesWhatDoesNotNameOneTenant(t *testing.T) {
	t.Parallel()
	a := clause.Eq{Column: clause.Column{Name: "tenant_id"}, Value: "a"}
	for name, run := range map[string]func(h *gorm.DB, into *[]note) *gorm.DB{
		"Find":                        func(h *gorm.DB, n *[]note) *gorm.DB { return h.Find(n) },
		"Find with a zero struct":     func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where(&note{}).Find(n) },
		"Find with another condition": func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where("name = ?", "n").Find(n) },
		"First":                       func(h *gorm.DB, n *[]note) *gorm.DB { return h.Order("name").First(&note{}) },
		"Take with inline conditions": func(h *gorm.DB, n *[]note) *gorm.DB { return h.Take(&note{}, "name = ?", "n") },
		"Count":                       func(h *gorm.DB, n *[]note) *gorm.DB { var c int64; return h.Model(&note{}).Count(&c) },
		"Pluck":                       func(h *gorm.DB, n *[]note) *gorm.DB { var s []string; return h.Model(&note{}).Pluck("name", &s) },
		"Row":                         func(h *gorm.DB, n *[]note) *gorm.DB { return rowOf(h.Model(&note{}).Select("name")) },
		"an empty tenant":             func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where("tenant_id = ?", "").Find(n) },
		"several tenants":             func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where("tenant_id IN ?", []string{"a", "b"}).Find(n) },
		"a list as the tenant":        func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where("tenant_id = ?", []string{"a"}).Find(n) },
		"any tenant but one":          func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where("tenant_id <> ?", "a").Find(n) },
		"Not the tenant":              func(h *gorm.DB, n *[]note) *gorm.DB { return h.Not("tenant_id = ?", "a").Find(n) },
		"the tenant or something":     func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where(a).Or("name = ?", "n").Find(n) },
		"or in a text":                func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where(a).Where("name = ? or\n1 = 1", "x").Find(n) },
		"the tenant behind an or":     func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where("tenant_id = ? OR 1 = 1", "a").Find(n) },
		"a table by name":             func(h *gorm.DB, n *[]note) *gorm.DB { return h.Table("notes").Find(n) },
		"two tables":                  func(h *gorm.DB, n *[]note) *gorm.DB { return h.Table("notes, notes n2").Where(a).Find(n) },
		"Updates": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Model(&note{}).Where("name = ?", "n").Updates(note{Text: "x"})
		},
		"Update of all": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Session(&gorm.Session{AllowGlobalUpdate: true}).Model(&note{}).Update("text", "x")
		},
		"Delete":             func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where("name = ?", "n").Delete(&note{}) },
		"Delete of a struct": func(h *gorm.DB, n *[]note) *gorm.DB { return h.Delete(&note{TenantID: "a"}, "1 = 1") },
		"Raw": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Raw("SELECT * FROM notes WHERE tenant_id = ?", "a").Scan(n)
		},
		"Exec": func(h *gorm.DB, n *[]note) *gorm.DB { return h.Exec("UPDATE notes SET text = 'x'") },
		"raw with a forged pass": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Set("mmm:raw", "because").Exec("UPDATE notes SET text = 'x'")
		},
		"raw without a reason": func(h *gorm.DB, n *[]note) *gorm.DB {
			return persistence.AcrossTenants(h, "").Exec("UPDATE notes SET text = 'x'")
		},
		"a join without the tenant": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Where(a).Joins("JOIN notes n2 ON n2.name = notes.name").Find(n)
		},
		"a join with an or": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Where(a).Joins("JOIN notes n2 ON n2.tenant_id = notes.tenant_id OR 1 = 1").Find(n)
		},
		"a join of a query": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Where(a).Joins("JOIN (?) n2 ON n2.tenant_id = notes.tenant_id", h.Model(&note{})).Find(n)
		},
		"a subquery without the tenant": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Where(a).Where("text IN (?)", h.Model(&note{}).Select("text")).Find(n)
		},
		"a subquery as a value": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Where(a).Where(map[string]any{"text": h.Model(&note{}).Select("text")}).Find(n)
		},
		"a subquery under an or": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Where(a).Where(h.Where("1 = 0").Or("text IN (?)", h.Model(&note{}).Select("text"))).Find(n)
		},
		"a raw subquery": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Where(a).Where("text IN (?)", h.Raw("SELECT text FROM notes")).Find(n)
		},
		"a subquery written by hand": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Where(a).Where("text IN (SELECT text FROM notes)").Find(n)
		},
		"a subquery as a table": func(h *gorm.DB, n *[]note) *gorm.DB { return h.Table("(?) AS n2", h.Model(&note{})).Where(a).Find(n) },
		"a subquery in the columns": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Model(&note{}).Select("(?) AS name", h.Model(&note{}).Select("text").Limit(1)).Where(a).Find(n)
		},
		"a subquery in an update": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Model(&note{}).Where(a).Updates(map[string]any{"text": h.Model(&note{}).Select("text").Limit(1)})
		},
		"Create without a tenant":       func(h *gorm.DB, n *[]note) *gorm.DB { return h.Create(&note{Name: "x"}) },
		"Create with one such row":      func(h *gorm.DB, n *[]note) *gorm.DB { return h.Create(&[]*note{{TenantID: "a"}, {Name: "x"}}) },
		"Create from a map":             func(h *gorm.DB, n *[]note) *gorm.DB { return h.Model(&note{}).Create(map[string]any{"name": "x"}) },
		"Create in a table without one": func(h *gorm.DB, n *[]note) *gorm.DB { return h.Create(&orphan{Name: "x"}) },
		"Save":                          func(h *gorm.DB, n *[]note) *gorm.DB { return h.Save(&note{Name: "x"}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := guarded(t)
			var got []note
			require.ErrorContains(t, run(h, &got).Error, "without a tenant")
			require.Empty(t, got)
			var all []note
			require.NoError(t, persistence.AcrossTenants(h, "the test looks at everything").Raw("SELECT * FROM notes ORDER BY tenant_id").Scan(&all).Error)
			require.Equal(t, []note{{"a", "n", "of a"}, {"b", "n", "of b"}}, all, "a refused statement changed something")
		})
	}
}

func rowOf(h *gorm.DB) *gorm.DB {
	_, err := h.Rows() //nolint:rowserrcheck,sqlclosecheck // there are none
	out := h.Session(&gorm.Session{NewDB: true})
	_ = out.AddError(err)
	return out
}

func TestGuard_letsPassWhatNamesItsTenant(t *testing.T) {
	t.Parallel()
	a := func(h *gorm.DB) *gorm.DB { return h.Where("tenant_id = ?", "a") }
	for name, run := range map[string]func(h *gorm.DB, into *[]note) *gorm.DB{
		"Find":              func(h *gorm.DB, n *[]note) *gorm.DB { return a(h).Find(n) },
		"by a struct":       func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where(&note{TenantID: "a"}).Find(n) },
		"by a map":          func(h *gorm.DB, n *[]note) *gorm.DB { return h.Where(map[string]any{"tenant_id": "a"}).Find(n) },
		"an or in brackets": func(h *gorm.DB, n *[]note) *gorm.DB { return a(h).Where("(name = ? OR name = ?)", "n", "m").Find(n) },
		"a join": func(h *gorm.DB, n *[]note) *gorm.DB {
			return h.Where("notes.tenant_id = ?", "a").Joins("JOIN notes n2 ON n2.tenant_id = notes.tenant_id").Find(n)
		},
		"a subquery": func(h *gorm.DB, n *[]note) *gorm.DB {
			return a(h).Where("text IN (?)", a(h).Model(&note{}).Select("text")).Find(n)
		},
		"a raw with reason": func(h *gorm.DB, n *[]note) *gorm.DB {
			return persistence.AcrossTenants(h, "a test").Raw("SELECT * FROM notes WHERE tenant_id = 'a'").Scan(n)
		},
		"after an update": func(h *gorm.DB, n *[]note) *gorm.DB { a(h).Model(&note{}).Update("text", "of a"); return a(h).Find(n) },
		"after a new row": func(h *gorm.DB, n *[]note) *gorm.DB { h.Create(&note{TenantID: "b"}); return a(h).Find(n) },
		"after a deletion": func(h *gorm.DB, n *[]note) *gorm.DB {
			h.Where("tenant_id = ?", "b").Delete(&note{})
			return a(h).Find(n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []note
			require.NoError(t, run(guarded(t), &got).Error)
			require.Equal(t, []note{{"a", "n", "of a"}}, got)
		})
	}
}
