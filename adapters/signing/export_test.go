package signing_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/domain/receipt"
)

func id(n int) string { return fmt.Sprintf("01890a5d-ac96-774b-bcce-%012d", n) }

func line(seq int, doc string) string { return fmt.Sprintf(`{"sequence":%d,"receipt":%s}`, seq, doc) }

func TestVerifyExport(t *testing.T) {
	t.Parallel()
	ring := load(t, keyDir(t))
	doc := func(n int, change ...func(*receipt.Draft)) string {
		return string(sign(t, ring, document(t, id(n), change...)).Canonical())
	}
	foreign := doc(3, func(d *receipt.Draft) { d.Tenant = "globex" })
	forged := strings.Replace(doc(2), `"signal_id":"s1"`, `"signal_id":"s2"`, 1)
	type problem = signing.Problem
	cases := map[string]struct {
		lines []string
		opt   signing.ExportOptions
		want  signing.Report
	}{
		"a whole export": {
			lines: []string{line(1, doc(1)), line(2, doc(2)), "", line(3, doc(3)), ""},
			want:  signing.Report{Receipts: 3, Verified: 3, Tenant: "acme", FirstSequence: 1, LastSequence: 3},
		},
		"an empty export": {},
		"a gap": {
			lines: []string{line(1, doc(1)), line(3, doc(3)), line(4, doc(4))},
			want: signing.Report{
				Receipts: 3, Verified: 3, Tenant: "acme", FirstSequence: 1, LastSequence: 4,
				Problems: []problem{{Line: 2, Sequence: 3, What: "sequence 3 where 2 should be"}},
			},
		},
		"a repeated line": {
			lines: []string{line(1, doc(1)), line(1, doc(1))},
			want: signing.Report{
				Receipts: 2, Verified: 2, Tenant: "acme", FirstSequence: 1, LastSequence: 1,
				Problems: []problem{
					{Line: 2, Sequence: 1, What: "sequence 1 where 2 should be"},
					{Line: 2, Sequence: 1, ReceiptID: id(1), What: "the receipt is there twice, first on line 1"},
				},
			},
		},
		"a start in the middle": {
			lines: []string{line(5, doc(1))},
			want: signing.Report{
				Receipts: 1, Verified: 1, Tenant: "acme", FirstSequence: 5, LastSequence: 5,
				Problems: []problem{{Line: 1, Sequence: 5, What: "sequence 5 where 1 should be"}},
			},
		},
		"a start in the middle that was told": {
			lines: []string{line(5, doc(1)), line(6, doc(2))}, opt: signing.ExportOptions{First: 5},
			want: signing.Report{Receipts: 2, Verified: 2, Tenant: "acme", FirstSequence: 5, LastSequence: 6},
		},
		"a start anywhere, still without gaps": {
			lines: []string{line(5, doc(1)), line(7, doc(2))}, opt: signing.ExportOptions{FromAnywhere: true},
			want: signing.Report{
				Receipts: 2, Verified: 2, Tenant: "acme", FirstSequence: 5, LastSequence: 7,
				Problems: []problem{{Line: 2, Sequence: 7, What: "sequence 7 where 6 should be"}},
			},
		},
		"sequence zero": {
			lines: []string{line(0, doc(1))}, opt: signing.ExportOptions{FromAnywhere: true},
			want: signing.Report{
				Receipts: 1, Verified: 1, Tenant: "acme",
				Problems: []problem{{Line: 1, What: "sequences count from 1"}},
			},
		},
		"a forged receipt": {
			lines: []string{line(1, doc(1)), line(2, forged), line(3, doc(3))},
			want: signing.Report{
				Receipts: 3, Verified: 2, Tenant: "acme", FirstSequence: 1, LastSequence: 3,
				Problems: []problem{{Line: 2, Sequence: 2, ReceiptID: id(2), What: "the signature does not match: the content was changed"}},
			},
		},
		"another tenant's receipt": {
			lines: []string{line(1, doc(1)), line(2, foreign)},
			want: signing.Report{
				Receipts: 2, Verified: 2, Tenant: "acme", FirstSequence: 1, LastSequence: 2,
				Problems: []problem{{Line: 2, Sequence: 2, ReceiptID: id(3), What: "the receipt is of tenant globex, the file of tenant acme"}},
			},
		},
		"a receipt under two numbers": {
			lines: []string{line(1, doc(1)), line(2, doc(1))},
			want: signing.Report{
				Receipts: 2, Verified: 2, Tenant: "acme", FirstSequence: 1, LastSequence: 2,
				Problems: []problem{{Line: 2, Sequence: 2, ReceiptID: id(1), What: "the receipt is there twice, first on line 1"}},
			},
		},
		"lines that are none": {
			lines: []string{line(1, doc(1)), "{", `{"sequence":"2","receipt":{}}`, `{"receipt":{}}`, `{"sequence":2}`, line(2, "7")},
			want: signing.Report{
				Receipts: 6, Verified: 1, Tenant: "acme", FirstSequence: 1, LastSequence: 2,
				Problems: []problem{
					{Line: 2, What: `not an object with an integer "sequence" and a "receipt"`},
					{Line: 3, What: `not an object with an integer "sequence" and a "receipt"`},
					{Line: 4, What: `not an object with an integer "sequence" and a "receipt"`},
					{Line: 5, What: `not an object with an integer "sequence" and a "receipt"`},
					{Line: 6, Sequence: 2, What: "not a receipt"},
				},
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := signing.VerifyExport(strings.NewReader(strings.Join(c.lines, "\n")), ring.JWKS(), c.opt)
			require.NoError(t, err)
			c.want.ProblemCount = len(c.want.Problems)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
			require.Equal(t, len(c.want.Problems) == 0, got.OK())
		})
	}
}

func TestVerifyExport_handsOutWhatTheTreeIsMadeOf(t *testing.T) {
	t.Parallel()
	ring := load(t, keyDir(t))
	one, two := sign(t, ring, document(t, id(1))), sign(t, ring, document(t, id(2)))
	text := line(1, string(one.Canonical())) + "\n" + line(2, strings.Replace(string(two.Canonical()), "{", "{ ", 1))
	var got []string
	_, err := signing.VerifyExport(strings.NewReader(text), ring.JWKS(), signing.ExportOptions{
		Each: func(seq int64, canonical []byte) error {
			got = append(got, fmt.Sprint(seq, string(canonical)))
			return nil
		},
	})
	require.NoError(t, err)
	want := []string{fmt.Sprint(1, string(one.Canonical())), fmt.Sprint(2, string(two.Canonical()))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("canonical bytes (-want +got):\n%s", diff)
	}
	full := errors.New("disk full")
	_, err = signing.VerifyExport(strings.NewReader(text), ring.JWKS(), signing.ExportOptions{
		Each: func(int64, []byte) error { return full },
	})
	require.ErrorIs(t, err, full)
	require.ErrorContains(t, err, "line 1")
}

func TestVerifyExport_boundsWhatItReadsAndLists(t *testing.T) {
	t.Parallel()
	keys := load(t, keyDir(t)).JWKS()
	_, err := signing.VerifyExport(strings.NewReader(strings.Repeat("x", 5<<20)), keys, signing.ExportOptions{})
	require.ErrorContains(t, err, "longer than")
	got, err := signing.VerifyExport(strings.NewReader(strings.Repeat("x\n", 1500)), keys, signing.ExportOptions{})
	require.NoError(t, err)
	if got.ProblemCount != 1500 || len(got.Problems) != 1000 {
		t.Errorf("%d problems counted, %d listed; want 1500 and 1000", got.ProblemCount, len(got.Problems))
	}
	_, err = signing.VerifyExport(strings.NewReader(""), signing.JWKS{}, signing.ExportOptions{})
	require.ErrorContains(t, err, "no receipt key")
}
