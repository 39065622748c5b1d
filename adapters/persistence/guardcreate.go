package persistence

import (
	"reflect"

	"gorm.io/gorm"
)

func guardCreate(db *gorm.DB) {
	if !createsOwned(db.Statement) {
		refuse(db)
	}
}

// createsOwned reports whether every new row names its tenant.
func createsOwned(s *gorm.Statement) bool {
	if s.SQL.Len() > 0 || s.Schema == nil {
		return false
	}
	field := s.Schema.LookUpField(tenantColumn)
	if field == nil {
		return false
	}
	named := func(row reflect.Value) bool {
		for row.Kind() == reflect.Pointer {
			row = row.Elem()
		}
		if row.Kind() != reflect.Struct || row.Type() != s.Schema.ModelType {
			return false // a map, for one; rows here are structs
		}
		v, _ := field.ValueOf(s.Context, row)
		return someText(v)
	}
	rows := s.ReflectValue
	switch rows.Kind() { //nolint:exhaustive // everything else is refused by named
	case reflect.Slice, reflect.Array:
		for i := range rows.Len() {
			if !named(rows.Index(i)) {
				return false
			}
		}
		return true
	default:
		return named(rows)
	}
}
