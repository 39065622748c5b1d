package intake

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"

	"github.com/zeroui/mmm-engine/domain/actor"
)

//go:embed known_actors.txt
var knownActorsFile string

// Identity is what a provider says about who did something. Every field may be empty. Login comes from the provider and
// cannot be chosen freely; Name and Email of a commit can. Co-author trailers have no field here on purpose: they never
// change what an author is.
type Identity struct {
	Provider       string // "github", "gitlab", "git", ...: account numbers mean something within one provider only
	ProviderUserID string // as the provider gives it, such as the account number
	Login          string
	Name           string
	Email          string
	ProviderType   string // "User", "Bot", "Organization", or empty
}

// Class is the answer to "who is this?", with the evidence.
type Class struct {
	Type   actor.Type
	Reason string
}

type rule struct {
	class  actor.Type
	reason string
}

type knownActors map[string]rule // key: field, "|", value in lower case

// known is read once from the data file, which is part of the binary.
var known = sync.OnceValue(func() knownActors { return parseKnown(knownActorsFile) })

func parseKnown(text string) knownActors {
	out := knownActors{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		col := strings.SplitN(line, "|", 4)
		for i := range col {
			col[i] = strings.TrimSpace(col[i])
		}
		if len(col) == 4 {
			out[key(col[1], col[2])] = rule{class: actor.Type(col[0]), reason: col[3]}
		}
	}
	return out
}

func key(field, value string) string { return field + "|" + strings.ToLower(value) }

var numberedNoReply = regexp.MustCompile(`(?i)^([0-9]+)\+[^@]+@users\.noreply\.github\.com$`)

// Classify tells people, AI agents and automation apart. Only strong evidence makes an agent or automation: a listed account
// number, address or whole name, the reserved [bot] suffix, or the provider's own word. Doubt means a person, because taking
// a person for a machine would silence or accuse somebody.
func Classify(in Identity) Class {
	email := strings.TrimSpace(in.Email)
	name := strings.TrimSpace(in.Name)
	number := ""
	if in.Provider == "github" {
		number = in.ProviderUserID
	}
	if m := numberedNoReply.FindStringSubmatch(email); m != nil && in.Login == "" {
		// Free text: it counts only where the provider has not said who it is.
		number = m[1]
	}
	table := known()
	look := func(field, value string) (Class, bool) {
		r, ok := table[key(field, value)]
		return Class{Type: r.class, Reason: r.reason}, ok && value != ""
	}
	if c, ok := look("github_id", number); ok {
		return c
	}
	if c, ok := look("login", in.Login); ok {
		return c
	}
	if strings.HasSuffix(in.Login, "[bot]") || in.ProviderType == "Bot" {
		return Class{Type: actor.Automation, Reason: "the provider says it is a bot"}
	}
	if in.ProviderType == "Organization" {
		return Class{Type: actor.Automation, Reason: "an organisation is no person"}
	}
	if c, ok := look("name", in.Login); ok {
		return c
	}
	if in.Login != "" {
		return Class{Type: actor.Human, Reason: "no evidence against a person"}
	}
	return classifyFreeText(look, name, email)
}

// classifyFreeText judges an author line, which anybody can write.
func classifyFreeText(look func(field, value string) (Class, bool), name, email string) Class {
	if c, ok := look("email", email); ok {
		return c
	}
	if strings.HasSuffix(name, "[bot]") && serviceAddress(email) {
		if c, ok := look("login", name); ok {
			return c
		}
		return Class{Type: actor.Automation, Reason: "author name and address of a bot"}
	}
	local, _, _ := strings.Cut(email, "@")
	if strings.HasSuffix(strings.ToLower(local), "[bot]") {
		return Class{Type: actor.Automation, Reason: "address of a bot"}
	}
	if c, ok := look("name", name); ok {
		return c
	}
	if strings.EqualFold(name, "GitHub") && strings.EqualFold(email, "noreply@github.com") {
		// The address alone proves nothing: people commit under it through the web interface.
		return Class{Type: actor.Automation, Reason: "the web interface itself"}
	}
	return Class{Type: actor.Human, Reason: "no evidence against a person"}
}

// serviceAddress reports whether an address could belong to a bot: none at all, or one that says so or takes no mail.
func serviceAddress(email string) bool {
	local, domain, _ := strings.Cut(strings.ToLower(email), "@")
	switch {
	case email == "", strings.HasSuffix(local, "[bot]"), strings.HasPrefix(domain, "users.noreply."):
		return true
	case local == "noreply", local == "no-reply", local == "bot":
		return true
	default:
		return false
	}
}
