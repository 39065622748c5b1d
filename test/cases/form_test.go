package cases_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

type file struct {
	Playbooks map[string]map[string]any `yaml:"playbooks"`
	Cases     []testCase                `yaml:"cases"`
}

type testCase struct {
	Name        string         `yaml:"name"`
	At          time.Time      `yaml:"at"`
	Settings    map[string]any `yaml:"settings"`
	Preferences preferences    `yaml:"preferences"`
	Policy      *snapshot      `yaml:"policy"`
	Playbooks   []use          `yaml:"playbooks"`
	Recent      []past         `yaml:"recent"`
	Shown       []shown        `yaml:"shown"`
	Budget      string         `yaml:"budget"`
	Actor       who            `yaml:"actor"`
	Context     place          `yaml:"context"`
	Signal      sign           `yaml:"signal"`
	Want        want           `yaml:"want"`
}

type preferences struct {
	OptOut      []string               `yaml:"opt_out_categories"`
	Surfaces    []intervention.Surface `yaml:"preferred_surfaces"`
	SnoozeUntil time.Time              `yaml:"snooze_until"`
	Timezone    *string                `yaml:"timezone"`
}

type snapshot struct {
	Allowed      bool                `yaml:"allowed"`
	Restrictions []intervention.Kind `yaml:"restrictions"`
	Ago          time.Duration       `yaml:"ago"`
	Never        bool                `yaml:"never"`
}

// use names a playbook of the file; a plain name is enough.
type use struct {
	Use    string         `yaml:"use"`
	As     string         `yaml:"as"`
	With   map[string]any `yaml:"with"`
	Shadow bool           `yaml:"shadow"`
}

// UnmarshalYAML reads a name, or a name with changes.
func (u *use) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		u.Use, u.As = n.Value, n.Value
		return nil
	}
	type plain use
	if err := strictly(n, (*plain)(u)); err != nil {
		return err
	}
	if u.As == "" {
		u.As = u.Use
	}
	return nil
}

type past struct {
	EventType string         `yaml:"event_type"`
	Ago       time.Duration  `yaml:"ago"`
	Of        actor.ID       `yaml:"of"`
	DedupKey  string         `yaml:"dedup_key"`
	Payload   map[string]any `yaml:"payload"`
}

type shown struct {
	Playbook string        `yaml:"playbook"`
	Ago      time.Duration `yaml:"ago"`
	Repo     string        `yaml:"repo"`
	To       actor.ID      `yaml:"to"`
	DedupKey string        `yaml:"dedup_key"`
	Decision string        `yaml:"decision"`
	Override bool          `yaml:"override"`
	Final    bool          `yaml:"final"`
}

type who struct {
	ID               actor.ID   `yaml:"id"`
	Type             actor.Type `yaml:"type"`
	Roles            []string   `yaml:"roles"`
	ResponsibleHuman actor.ID   `yaml:"responsible_human"`
}

type place struct {
	RepoID      *string              `yaml:"repo_id"`
	Branch      string               `yaml:"branch"`
	FilePath    string               `yaml:"file_path"`
	Environment string               `yaml:"environment"`
	Surface     intervention.Surface `yaml:"surface"`
}

type sign struct {
	None      bool           `yaml:"none"`
	ID        *string        `yaml:"signal_id"`
	Source    string         `yaml:"source"`
	EventType string         `yaml:"event_type"`
	Severity  string         `yaml:"severity"`
	DedupKey  string         `yaml:"dedup_key"`
	UTCOffset *int           `yaml:"actor_utc_offset"`
	Payload   map[string]any `yaml:"payload"`
}

type want struct {
	Shown      []wantShown      `yaml:"shown"`
	Suppressed []wantSuppressed `yaml:"suppressed"`
	NotMatched []wantNoMatch    `yaml:"not_matched"`
	Degraded   []string         `yaml:"degraded"`
	Zone       string           `yaml:"zone"`
	Error      string           `yaml:"error"`
}

// wantShown compares what it names; playbook and type must be named.
type wantShown struct {
	Playbook string                 `yaml:"playbook"`
	Action   int                    `yaml:"action"`
	Type     intervention.Kind      `yaml:"type"`
	Surfaces []intervention.Surface `yaml:"surfaces"`
	Title    string                 `yaml:"title"`
	Body     string                 `yaml:"body"`
	Consent  bool                   `yaml:"consent"`
	Override bool                   `yaml:"override"`
}

type wantSuppressed struct {
	Playbook   string             `yaml:"playbook"`
	Action     int                `yaml:"action"`
	Reason     suppression.Reason `yaml:"reason"`
	EligibleAt *time.Time         `yaml:"eligible_at"`
	Observed   any                `yaml:"observed"`
	Limit      any                `yaml:"limit"`
}

type wantNoMatch struct {
	Playbook string `yaml:"playbook"`
	Reason   string `yaml:"reason"`
}

// readCases reads a file of cases and refuses keys that nobody knows.
func readCases(raw []byte) (file, error) {
	var f file
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&f); err != nil {
		return file{}, err
	}
	for i, c := range f.Cases {
		if c.Name == "" {
			return file{}, fmt.Errorf("case %d has no name", i+1)
		}
	}
	return f, nil
}

// strictly decodes a node, and refuses keys that nobody knows: a node's own Decode does not.
func strictly(n *yaml.Node, into any) error {
	raw, err := yaml.Marshal(n)
	if err != nil {
		return err
	}
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	return dec.Decode(into)
}

// inJSON gives a value of YAML in JSON.
func inJSON(v any) ([]byte, error) { return json.Marshal(v) }
