package phrase

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/zeroui/mmm-engine/domain/action"
)

// key names a text by all that decides what it says. The parts are written as JSON, where none can run into the next.
func (u *UseCase) key(a Ask) string {
	w := a.Wish
	raw, err := json.Marshal(struct {
		Tenant   string
		Playbook string
		Version  int
		Index    int
		Kind     string
		Texts    []action.Fact
		Facts    []action.Fact
		Prompt   string
		System   string
		Region   string
		Model    string
	}{
		string(a.Tenant), string(w.Playbook()), w.Version(), w.Index(), string(w.Kind()), w.Texts(), w.Facts(), w.Prompt(),
		a.Settings.SystemPromptID, a.Settings.Region, u.model.Model(),
	})
	if err != nil {
		return "" // texts and numbers always have a JSON form
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
