package expression

import (
	"errors"
	"reflect"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/zeroui/mmm-engine/domain/situation"
)

// view shows a situation to CEL by name, without copying or reflecting over it. It is also the value of varSituation, which
// only the functions of this package look into.
type view struct{ s *situation.Situation }

var (
	_ cel.Activation = (*view)(nil)
	_ ref.Val        = (*view)(nil)
)

// ResolveName gives the value of a declared variable.
func (v *view) ResolveName(name string) (any, bool) {
	s := v.s
	switch name {
	case "signal.event_type":
		return types.String(s.Signal.EventType), true
	case "signal.source":
		return types.String(s.Signal.Source), true
	case "signal.severity":
		return types.String(s.Signal.Severity.String()), true
	case "signal.payload":
		return map[string]any(s.Signal.Payload), true
	case "actor.type":
		return types.String(s.Actor.Type), true
	case "actor.roles":
		return s.Actor.Roles, true
	case "context.repo_id":
		return types.String(s.Place.RepoID), true
	case "context.branch":
		return types.String(s.Place.Branch), true
	case "context.file_path":
		return types.String(s.Place.FilePath), true
	case "context.environment":
		return types.String(s.Place.Environment), true
	case "context.surface":
		return types.String(s.Place.Surface), true
	case "tenant.id":
		return types.String(s.Tenant), true
	case varSituation:
		return v, true
	}
	return nil, false
}

// Parent is nil: there is nothing behind a situation.
func (v *view) Parent() cel.Activation { return nil }

// ConvertToNative implements ref.Val; a situation has no other form.
func (v *view) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("a situation has no other form")
}

// ConvertToType implements ref.Val; a situation has no other form.
func (v *view) ConvertToType(ref.Type) ref.Val { return types.NewErr("a situation has no other form") }

// Equal implements ref.Val.
func (v *view) Equal(other ref.Val) ref.Val { return types.Bool(ref.Val(v) == other) }

// Type implements ref.Val.
func (v *view) Type() ref.Type { return situationType }

// Value implements ref.Val.
func (v *view) Value() any { return v.s }
