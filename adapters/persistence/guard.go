package persistence

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

const (
	guardName    = "mmm:tenant"
	tenantColumn = "tenant_id"
	rawPass      = "mmm:raw"
)

// Guard is a GORM plugin that refuses every statement which does not name one tenant: a read, change or deletion without the
// condition tenant_id = ? at the top of its WHERE, a joined table without tenant_id in its ON, a subquery without its own
// condition, a new row without a tenant_id, and all SQL written by hand but what AcrossTenants lets pass. It looks at the
// statement and not at the table, so a new table is guarded from its first day.
type Guard struct{}

// Name names the plugin.
func (Guard) Name() string { return guardName }

// Initialize hooks the guard in before anything is built or sent.
func (Guard) Initialize(db *gorm.DB) error {
	c := db.Callback()
	for _, err := range []error{
		c.Query().Before("gorm:query").Register(guardName, guardWhere),
		c.Row().Before("gorm:row").Register(guardName, guardWhere),
		c.Update().Before("gorm:setup_reflect_value").Register(guardName, guardWhere),
		c.Delete().Before("gorm:before_delete").Register(guardName, guardWhere),
		c.Create().Before("gorm:before_create").Register(guardName, guardCreate),
		c.Raw().Before("gorm:raw").Register(guardName, guardRaw),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// rawReason is the type only this package can make; its value says why a statement may be written by hand.
type rawReason string

// AcrossTenants lets one hand-written statement pass the guard. reason says why it may see more than one tenant's rows, for
// the reader; an empty one does not pass.
func AcrossTenants(h *gorm.DB, reason string) *gorm.DB { return h.Set(rawPass, rawReason(reason)) }

func tenantCondition(t tenant.ID) clause.Expression {
	return clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: tenantColumn}, Value: string(t)}
}

func refuse(db *gorm.DB) {
	_ = db.AddError(fmt.Errorf("persistence: query on %s without a tenant", tableOf(db.Statement)))
}

func tableOf(s *gorm.Statement) string {
	switch {
	case s.Table != "":
		return s.Table
	case s.TableExpr != nil:
		return s.TableExpr.SQL
	case s.SQL.Len() > 0:
		return "raw SQL"
	}
	return "an unknown table"
}

func guardRaw(db *gorm.DB) {
	if v, ok := db.Get(rawPass); ok {
		if r, own := v.(rawReason); own && r != "" {
			return
		}
	}
	refuse(db)
}

func guardWhere(db *gorm.DB) {
	if db.Statement.SQL.Len() > 0 {
		guardRaw(db)
		return
	}
	if !owned(db.Statement) {
		refuse(db)
	}
}

// owned reports whether the statement names its tenant in every part. Whatever it does not understand is refused.
func owned(s *gorm.Statement) bool {
	where, ok := s.Clauses["WHERE"].Expression.(clause.Where)
	if !ok || !conjunctive(where.Exprs) || !namesTenant(where.Exprs) {
		return false
	}
	if s.TableExpr != nil && (!oneTable.MatchString(s.TableExpr.SQL) || !ownedVars(s.TableExpr.Vars)) {
		return false
	}
	if slices.ContainsFunc(s.Selects, selectWord.MatchString) {
		return false
	}
	if values, ok := s.Dest.(map[string]any); ok && !ownedVars(slices.Collect(maps.Values(values))) {
		return false
	}
	for _, j := range s.Joins {
		// Association joins have no ON text to look at; there are no associations here.
		if j.On != nil || j.Expression != nil || !joinNamesTenant.MatchString(j.Name) || orWord.MatchString(j.Name) || !ownedVars(j.Conds) {
			return false
		}
	}
	for _, c := range s.Clauses {
		if !ownedExpr(c.Expression) {
			return false
		}
	}
	return true
}

var (
	oneTable        = regexp.MustCompile("(?i)^\\s*(\\(\\?\\)|[`\"\\w.]+|\\?)(\\s+(as\\s+)?[`\"\\w]+)?\\s*$")
	selectWord      = regexp.MustCompile(`(?i)\bselect\b`)
	tenantEquals    = regexp.MustCompile("^\\s*(?:[`\"]?\\w+[`\"]?\\.)?[`\"]?tenant_id[`\"]?\\s*=\\s*\\?\\s*$")
	joinNamesTenant = regexp.MustCompile(`(?i)\bon\b.*\btenant_id\s*=\s*(\w+\.tenant_id\b|\?)`)
	orWord          = regexp.MustCompile(`(?i)\bor\b`)
)

// namesTenant looks for tenant_id = one text that is not empty.
func namesTenant(exprs []clause.Expression) bool {
	for _, e := range exprs {
		switch v := e.(type) {
		case clause.Eq:
			if isTenantColumn(v.Column) && someText(v.Value) {
				return true
			}
		case clause.Expr:
			if len(v.Vars) == 1 && tenantEquals.MatchString(v.SQL) && someText(v.Vars[0]) {
				return true
			}
		case clause.AndConditions:
			if namesTenant(v.Exprs) {
				return true
			}
		}
	}
	return false
}

func isTenantColumn(c any) bool {
	switch v := c.(type) {
	case clause.Column:
		return v.Name == tenantColumn
	case string:
		return v == tenantColumn
	}
	return false
}

func someText(v any) bool {
	r := reflect.ValueOf(v)
	return r.IsValid() && r.Kind() == reflect.String && r.Len() > 0
}

// conjunctive reports whether the conditions can only narrow: an OR beside the tenant's condition would widen it again.
func conjunctive(exprs []clause.Expression) bool {
	for _, e := range exprs {
		switch v := e.(type) {
		case clause.OrConditions:
			return false
		case clause.AndConditions:
			if !conjunctive(v.Exprs) {
				return false
			}
		case clause.Expr:
			if orWord.MatchString(outside(v.SQL)) {
				return false
			}
		case clause.NamedExpr:
			if orWord.MatchString(outside(v.SQL)) {
				return false
			}
		}
	}
	return true
}

// outside gives the text that stands outside parentheses.
func outside(sql string) string {
	var b strings.Builder
	depth := 0
	for _, r := range sql {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		default:
			if depth <= 0 {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}

// ownedExpr looks into a condition for subqueries. GORM builds those without the outer statement hearing of their errors.
func ownedExpr(e any) bool {
	switch v := e.(type) {
	case clause.Expr:
		return !selectWord.MatchString(v.SQL) && ownedVars(v.Vars)
	case clause.NamedExpr:
		return !selectWord.MatchString(v.SQL) && ownedVars(v.Vars)
	case clause.From:
		return false // joins come by Joins, where they are looked at
	case clause.Where:
		return ownedExprs(v.Exprs)
	case clause.Select:
		return ownedExpr(v.Expression)
	case clause.OrderBy:
		return ownedExpr(v.Expression)
	case clause.GroupBy:
		return ownedExprs(v.Having)
	case clause.Eq:
		return ownedVars([]any{v.Value})
	case clause.IN:
		return ownedVars(v.Values)
	case clause.AndConditions:
		return ownedExprs(v.Exprs)
	case clause.OrConditions:
		return ownedExprs(v.Exprs)
	case clause.NotConditions:
		return ownedExprs(v.Exprs)
	}
	return true
}

func ownedExprs(exprs []clause.Expression) bool {
	for _, e := range exprs {
		if !ownedExpr(e) {
			return false
		}
	}
	return true
}

func ownedVars(vars []any) bool {
	for _, v := range vars {
		switch x := v.(type) {
		case *gorm.DB:
			if x.Statement.SQL.Len() > 0 || !owned(x.Statement) {
				return false
			}
		case []any:
			if !ownedVars(x) {
				return false
			}
		default:
			if !ownedExpr(v) {
				return false
			}
		}
	}
	return true
}
