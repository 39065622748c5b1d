package alert_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/slack"
	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/webhook"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/surface"
	"github.com/zeroui/mmm-engine/test/fake"
	receiver "github.com/zeroui/mmm-engine/test/simulator/webhook"
)

func TestWebhook_saysWhatIsAgreedAndSignsIt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 1, 0, 0, time.UTC)
	s, err := receiver.Start(signKey, func() time.Time { return now })
	require.NoError(t, err)
	t.Cleanup(s.Close)
	d, err := webhook.New(webhook.Config{URL: s.URL() + receiver.Hook + "?team=a%26b", Secret: signKey, Clock: fake.NewClock(now)})
	require.NoError(t, err)
	require.NoError(t, d.Deliver(t.Context(), surface.Delivery()))
	sent := s.Requests(receiver.Hook)[0]
	require.JSONEq(t, `{
		"decision_id": "01930000-0000-7000-8000-0000000000d1", "tenant_id": "acme", "action_id": "01930000-0000-7000-8000-0000000000a1",
		"action_type": "mentor", "severity": "critical", "requires_consent": true, "requires_dual_channel": false,
		"payload": {"title": "Main is red", "body": "ci.run.failed on main, 3 times today.", "rationale": "Others wait for it.",
			"evidence_links": ["s1"], "baseline_comparison": "1 a day", "why_relevant": "It is yours."},
		"presentation": {"variant": "line", "text": "Main is red: ci.run.failed on main, 3 times today.",
			"detail": "ci.run.failed on main, 3 times today.", "controls": ["dismiss", "snooze", "opt_out", "not_useful"]},
		"context": {"repo_id": "shop", "branch": "main"}, "timestamp_utc": "2026-11-21T10:00:00.123Z"
	}`, string(sent.Body))
	require.Equal(t, "a&b", sent.Query.Get("team"))
	require.Equal(t, "01930000-0000-7000-8000-0000000000a1", sent.Header.Get("webhook-id"))
	require.Equal(t, "1795255260", sent.Header.Get("webhook-timestamp"))
	theirs, err := standardwebhooks.NewWebhook(signKey)
	require.NoError(t, err)
	require.NoError(t, theirs.VerifyIgnoringTimestamp(sent.Body, sent.Header), "as any receiver checks it")
}

func TestWebhook_aForeignKeyIsNotTaken(t *testing.T) {
	t.Parallel()
	s := hooks(t)
	d, err := webhook.New(webhook.Config{URL: s.URL() + receiver.Hook, Secret: "whsec_Zm9yZWlnbiBmb3JlaWduIGZvcmVpZ24=", Clock: fake.NewClock(time.Now())})
	require.NoError(t, err)
	require.ErrorContains(t, d.Deliver(t.Context(), surface.Delivery()), "status 401")
	d, err = webhook.New(webhook.Config{URL: s.URL() + receiver.Hook, Secret: signKey, Clock: fake.NewClock(time.Now().Add(-time.Hour))})
	require.NoError(t, err)
	require.ErrorContains(t, d.Deliver(t.Context(), surface.Delivery()), "status 401", "an old message")
}

func onSlack(t *testing.T) (*receiver.Simulator, *slack.Dispatcher) {
	t.Helper()
	s := hooks(t)
	d, err := slack.New(slack.Config{URL: s.URL() + receiver.Chat})
	require.NoError(t, err)
	return s, d
}

func TestSlack_showsTheActionAndItsControls(t *testing.T) {
	t.Parallel()
	s, d := onSlack(t)
	require.NoError(t, d.Deliver(t.Context(), surface.Delivery()))
	shown := s.Shown()[0]
	require.Equal(t, "Main is red: ci.run.failed on main, 3 times today.", shown.Text)
	require.Equal(t, strings.Join([]string{
		"Main is red: ci.run.failed on main, 3 times today.", "Main is red", "ci.run.failed on main, 3 times today.", "Others wait for it.",
		"critical · repo shop · branch main. Nothing is done without consent. You can dismiss this, snooze, opt out, or mark it not useful.",
	}, "\n"), shown.Shown)
}

// said makes every text of an alert the given one.
func said(text string) ports.Delivery {
	return surface.Delivery(func(d *ports.Delivery) {
		p := &d.Action.Payload
		p.Title, p.Body, p.Rationale, d.Place.Branch = text, text, text, text
		d.Action.Presentations[intervention.Alert] = action.Presentation{Variant: action.Line, Text: text, Title: text, Body: text}
	})
}

func TestSlack_callsNobody(t *testing.T) {
	t.Parallel()
	s, d := onSlack(t)
	for _, text := range []string{
		"<!channel> look", "<!here|here>", "<@U012AB3CD>", "<#C012>", "<!subteam^S1>", "@channel @here @everyone", "&lt;!channel&gt;", "<https://example.com|click>",
	} {
		require.NoError(t, d.Deliver(t.Context(), said(text)))
		shown := s.Shown()
		last := shown[len(shown)-1]
		require.Empty(t, last.Pings, text)
		require.Equal(t, text, last.Text, "it reads as it was meant")
	}
	for _, r := range s.Requests(receiver.Chat) {
		var body map[string]any
		require.NoError(t, json.Unmarshal(r.Body, &body))
		require.Equal(t, false, body["link_names"])
		require.Equal(t, "none", body["parse"])
	}
}

func TestSlack_takesWhateverIsSaid(t *testing.T) {
	t.Parallel()
	s, d := onSlack(t)
	rapid.Check(t, func(rt *rapid.T) {
		piece := rapid.OneOf(rapid.String(), rapid.StringMatching(`[<>&@!a ]{1,40}`)).Draw(rt, "piece")
		text := "t" + strings.Repeat(piece, rapid.IntRange(1, 400).Draw(rt, "times"))
		s.Forget()
		if err := d.Deliver(t.Context(), said(text)); err != nil {
			rt.Fatalf("deliver %q: %v", text, err)
		}
		if last := s.Shown()[len(s.Shown())-1]; len(last.Pings) > 0 {
			rt.Fatalf("%q calls %v", text, last.Pings)
		}
	})
}
