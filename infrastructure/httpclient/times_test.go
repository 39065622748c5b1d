package httpclient_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

func TestTimestamp_hasThreeFractionalDigitsAndZ(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("", 2*3600)
	for want, at := range map[string]time.Time{
		"2026-01-02T03:04:05.000Z": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		"2026-01-02T03:04:05.100Z": time.Date(2026, 1, 2, 5, 4, 5, 100e6, east),
		"2026-01-02T03:04:05.999Z": time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.UTC),
		"0001-01-01T00:00:00.000Z": {},
	} {
		require.Equal(t, want, httpclient.Timestamp(at))
	}
}

var times = map[string]time.Time{
	"2026-01-02T03:04:05Z":                     time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	"2026-01-02T03:04:05":                      time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	"2026-01-02T03:04:05.123456":               time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC),
	"2026-01-02T03:04:05.1+02:00":              time.Date(2026, 1, 2, 1, 4, 5, 100e6, time.UTC),
	"2026-01-02T03:04:05-00:30":                time.Date(2026, 1, 2, 3, 34, 5, 0, time.UTC),
	"2026-01-02T03:04:05.123456789Z":           time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC),
	"2026-01-02T03:04:05.12345678901234567890": time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC),
	"2024-02-29T23:59:59.9Z":                   time.Date(2024, 2, 29, 23, 59, 59, 900e6, time.UTC),
}

var noTimes = []string{
	"", "secret", "2026-01-02", "2026-01-02T03:04Z", "2026-01-02 03:04:05Z", "2026-13-02T03:04:05Z", "2025-02-29T03:04:05Z",
	"2026-01-02T25:04:05Z", "1767323045", "2026-01-02T03:04:05Zsecret", " 2026-01-02T03:04:05Z", "2026-01-02T03:04:05+25:00",
	"2026-01-02T03:04:05." + strings.Repeat("1", 100) + "Z",
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	for text, want := range times {
		got, err := httpclient.ParseTime(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range noTimes {
		_, err := httpclient.ParseTime(text)
		require.EqualError(t, err, "not an RFC 3339 time", text)
	}
}

func TestParseTime_readsWhatTimestampWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(-62135596800000, 253402300799999).Draw(t, "ms")).UTC()
		got, err := httpclient.ParseTime(httpclient.Timestamp(at))
		if err != nil || !got.Equal(at) {
			t.Fatalf("ParseTime(%s) = %s, %v", httpclient.Timestamp(at), got, err)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for text := range times {
		f.Add(text)
	}
	for _, text := range noTimes {
		f.Add(text)
	}
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d?:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)?$`)
	f.Fuzz(func(t *testing.T, text string) {
		at, err := httpclient.ParseTime(text)
		if err != nil {
			if err.Error() != "not an RFC 3339 time" || !at.IsZero() {
				t.Errorf("ParseTime(%q) = %s, %v", text, at, err)
			}
			return
		}
		if !form.MatchString(text) || at.Location() != time.UTC {
			t.Errorf("ParseTime(%q) = %s; want an error", text, at)
		}
	})
}
