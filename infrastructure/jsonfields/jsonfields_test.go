package jsonfields_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

func object(t *testing.T, text string) jsonfields.Object {
	t.Helper()
	var o jsonfields.Object
	require.NoError(t, json.Unmarshal([]byte(text), &o))
	return o
}

func TestObject_isStrictAboutEachField(t *testing.T) {
	t.Parallel()
	table := map[string]int{"one": 1}
	for text, want := range map[string]string{
		`{"f":"one"}`:     "",
		`{}`:              "field f is missing",
		`{"f":null}`:      "field f is null",
		`{"f": null }`:    "field f is null",
		`{"f":7}`:         "field f is no text",
		`{"f":["one"]}`:   "field f is no text",
		`{"f":"secret"}`:  "field f has a word that is not known",
		`{"f":""}`:        "field f has a word that is not known",
		`{"F":"one"}`:     "field f is missing",
		`{"f":{"f":"x"}}`: "field f is no text",
	} {
		got, err := jsonfields.Word(object(t, text), "f", table)
		if want == "" {
			require.NoError(t, err, text)
			require.Equal(t, 1, got, text)
			continue
		}
		require.EqualError(t, err, want, text)
		require.Zero(t, got, text)
	}
}

func TestObject_text(t *testing.T) {
	t.Parallel()
	got, err := object(t, `{"f":""}`).Text("f")
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = object(t, `{"f":false}`).Text("f")
	require.EqualError(t, err, "field f is no text")
}

func TestObject_flags(t *testing.T) {
	t.Parallel()
	yes := true
	for text, c := range map[string]struct {
		want     *bool
		orNull   string
		notEmpty string
	}{
		`{"f":true}`:   {&yes, "", ""},
		`{"f":null}`:   {nil, "", "field f is null"},
		`{}`:           {nil, "field f is missing", "field f is missing"},
		`{"f":"true"}`: {nil, "field f is no boolean", "field f is no boolean"},
		`{"f":1}`:      {nil, "field f is no boolean", "field f is no boolean"},
	} {
		got, err := object(t, text).FlagOrNull("f")
		require.Equal(t, c.want, got, text)
		require.Equal(t, c.orNull, jsonfields.Explain(err), text)
		_, err = object(t, text).Flag("f")
		require.Equal(t, c.notEmpty, jsonfields.Explain(err), text)
	}
}

func TestObject_hasNamesTheFirstThatIsNotThere(t *testing.T) {
	t.Parallel()
	o := object(t, `{"a":1,"b":null}`)
	require.NoError(t, o.Has("a", "b"))
	require.EqualError(t, o.Has("a", "c", "d"), "field c is missing")
}

func TestExplain_speaksOnlyOfFields(t *testing.T) {
	t.Parallel()
	field := &jsonfields.Error{Field: "x", Problem: "is missing"}
	require.Equal(t, "field x is missing", jsonfields.Explain(fmt.Errorf("read secret: %w", field)))
	require.Empty(t, jsonfields.Explain(errors.New("secret")))
	require.Empty(t, jsonfields.Explain(nil))
	var typed struct {
		A struct{ B int } `json:"a"`
	}
	require.Equal(t, "field a.B has another type", jsonfields.Explain(json.Unmarshal([]byte(`{"a":{"B":"secret"}}`), &typed)))
	require.Empty(t, jsonfields.Explain(json.Unmarshal([]byte(`["secret"]`), &typed)), "no field is to blame")
	require.EqualError(t, jsonfields.Within("signals[3]", field), "field signals[3].x is missing")
	require.EqualError(t, jsonfields.Explained(fmt.Errorf("ask: %w", field)), "ask: field x is missing: field x is missing")
	other := errors.New("other")
	require.Equal(t, other, jsonfields.Explained(other))
	require.NoError(t, jsonfields.Explained(nil))
	require.Equal(t, other, jsonfields.Within("signals", other))
}
