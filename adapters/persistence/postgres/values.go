package postgres

import (
	"reflect"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// buildValues writes the rows of an insert. Several go as one array per column:
//
//	("a","b") SELECT * FROM unnest($1::text[],$2::bigint[])
//
// The rows keep their order. Where a value is not what its column's field says, such as an expression, GORM writes them as usual.
func buildValues(c clause.Clause, b clause.Builder) {
	values, isValues := c.Expression.(clause.Values)
	stmt, isStatement := b.(*gorm.Statement)
	if !isValues || !isStatement || len(values.Values) < 2 || stmt.Schema == nil {
		c.Build(b)
		return
	}
	arrays, types, ok := columnsOf(stmt.Schema, values)
	if !ok {
		c.Build(b)
		return
	}
	write := func(text string) { _, _ = stmt.WriteString(text) } // into memory
	write("(")
	for i, column := range values.Columns {
		if i > 0 {
			write(",")
		}
		stmt.WriteQuoted(column)
	}
	write(") SELECT * FROM unnest(")
	for i, array := range arrays {
		if i > 0 {
			write(",")
		}
		// Not by AddVar, which would take the array apart.
		stmt.Vars = append(stmt.Vars, array)
		stmt.BindVarTo(stmt, stmt, array)
		write("::" + types[i] + "[]")
	}
	write(")")
}

// columnsOf turns rows into an array per column, with the type of its elements.
func columnsOf(s *schema.Schema, values clause.Values) (arrays []any, types []string, ok bool) {
	for i, column := range values.Columns {
		field := s.LookUpField(column.Name)
		if field == nil {
			return nil, nil, false
		}
		name := typeName(field.FieldType)
		if name == "" {
			return nil, nil, false
		}
		array := reflect.MakeSlice(reflect.SliceOf(field.FieldType), len(values.Values), len(values.Values))
		for n, row := range values.Values {
			v := reflect.ValueOf(row[i])
			if !v.IsValid() || v.Type() != field.FieldType {
				return nil, nil, false
			}
			array.Index(n).Set(v)
		}
		arrays, types = append(arrays, array.Interface()), append(types, name)
	}
	return arrays, types, true
}

// typeName is what a field is in PostgreSQL before the column's own type takes it over; empty for what rows do not hold.
func typeName(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() { //nolint:exhaustive // the others are not in rows
	case reflect.String:
		return "text"
	case reflect.Int, reflect.Int64:
		return "bigint"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytea"
		}
	}
	return ""
}
