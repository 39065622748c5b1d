package manageplaybook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/given"
)

// publishTimes makes a playbook and publishes it under the names, in order.
func (d *desk) publishTimes(t *testing.T, names ...string) playbook.ID {
	t.Helper()
	p, err := d.Create(t.Context(), lead(t), given.Document(given.Set("name", names[0])))
	require.NoError(t, err)
	id := p.State().ID
	for i, name := range names {
		if i > 0 {
			_, err = d.Revise(t.Context(), lead(t), id, given.Document(given.Set("name", name)), 0)
			require.NoError(t, err)
		}
		_, err = d.Publish(t.Context(), lead(t), id, 0)
		require.NoError(t, err)
	}
	return id
}

func TestRollback_keepsTheDraftAndIsInForceAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk()
	id := d.publishTimes(t, "first", "second")
	_, err := d.Revise(t.Context(), lead(t), id, []byte(`{"name":"draft"}`), 0)
	require.NoError(t, err)
	before := len(d.receipts(t))
	p, err := d.Rollback(t.Context(), lead(t), id, 1, 0)
	require.NoError(t, err)
	require.Equal(t, 3, p.State().Live.Number)
	require.Equal(t, "first", p.State().Live.Definition.Name)
	require.Equal(t, "draft", p.State().Draft.Name, "the draft stays as it is")
	require.Len(t, d.receipts(t), before+1)
	require.NotEqual(t, "lead1", p.State().Live.PublishedByRef)
	x, err := d.books.Index(t.Context(), "acme")
	require.NoError(t, err)
	require.Equal(t, 3, x.Concerning("ci.run.failed")[0].Number(), "in force at once")
}

func TestRollback_refusals(t *testing.T) {
	t.Parallel()
	d := newDesk()
	id := d.publishTimes(t, "first", "second")
	before := len(d.receipts(t))
	_, err := d.Rollback(t.Context(), lead(t), id, 3, 0)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	_, err = d.Rollback(t.Context(), as(t, "acme"), id, 1, 0)
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
	_, err = d.Rollback(t.Context(), as(t, "globex", "tenant_admin"), id, 1, 0)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	_, err = d.Rollback(t.Context(), lead(t), id, 1, 1)
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, fault.CodePreconditionFailed, f.Code)
	require.Len(t, d.receipts(t), before, "what is refused leaves no receipt of a change")
	require.NoError(t, d.Deprecate(t.Context(), lead(t), id, 0))
	_, err = d.Rollback(t.Context(), lead(t), id, 1, 0)
	require.Equal(t, fault.Conflict, fault.KindOf(err))
}

func TestVersions_pages(t *testing.T) {
	t.Parallel()
	d := newDesk()
	id := d.publishTimes(t, "one", "two", "three", "four", "five")
	var got []string
	for cursor, pages := "", 0; ; pages++ {
		list, next, err := d.Versions(t.Context(), as(t, "acme"), id, ports.Page{Limit: 2, Cursor: cursor})
		require.NoError(t, err)
		for _, v := range list {
			got = append(got, v.Definition.Name)
		}
		if cursor = next; cursor == "" {
			require.Equal(t, 2, pages)
			break
		}
	}
	require.Equal(t, []string{"five", "four", "three", "two", "one"}, got)
	for _, limit := range []int{0, 1000} {
		list, next, err := d.Versions(t.Context(), as(t, "acme"), id, ports.Page{Limit: limit})
		require.NoError(t, err)
		require.Len(t, list, 5)
		require.Empty(t, next)
	}
	for _, cursor := range []string{"x", "dmVyc2lvbnN8eA", "dmVyc2lvbnN8MA", "cGxheWJvb2tzfDE"} {
		_, _, err := d.Versions(t.Context(), as(t, "acme"), id, ports.Page{Cursor: cursor})
		require.Equal(t, fault.Invalid, fault.KindOf(err), cursor)
	}
	_, _, err := d.Versions(t.Context(), as(t, "globex"), id, ports.Page{})
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	v, err := d.Version(t.Context(), as(t, "acme"), id, 2)
	require.NoError(t, err)
	require.Equal(t, "two", v.Definition.Name)
}

func TestPublish_refusesWhatItsOwnTestsRefuse(t *testing.T) {
	t.Parallel()
	d := newDesk()
	failing := given.Set("tests", []any{map[string]any{
		"name": "wants a mirror", "given": map[string]any{"signal": map[string]any{"event_type": "x.y"}},
		"expect": map[string]any{"actions": []any{"mirror"}},
	}})
	p, err := d.Create(t.Context(), lead(t), given.Document(failing))
	require.NoError(t, err, "a draft may fail its tests")
	before := len(d.receipts(t))
	_, err = d.Publish(t.Context(), lead(t), p.State().ID, 0)
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.ErrorContains(t, err, `"wants a mirror"`)
	require.Len(t, d.receipts(t), before)
	require.Zero(t, d.live(t))
	_, err = d.Revise(t.Context(), lead(t), p.State().ID, []byte(`{"tests":null}`), 0)
	require.NoError(t, err)
	_, err = d.Publish(t.Context(), lead(t), p.State().ID, 0)
	require.NoError(t, err)
}
