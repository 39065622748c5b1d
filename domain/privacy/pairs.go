package privacy

import (
	"slices"
	"strings"
)

const (
	// minValue is the shortest value that counts as a credential; "none" and "true" are not.
	minValue = 6
	// maxName bounds how far back from a "=" a name is looked for.
	maxName = 64
)

// secretNames are the names whose value is a credential, without "_" and "-". A longer name that ends in one, such as
// DB_PASSWORD, counts too.
var secretNames = []string{
	"password", "passwd", "pwd", "passphrase", "secret", "secretkey", "secretaccesskey", "apikey", "accesstoken", "authtoken",
	"refreshtoken", "clientsecret", "privatekey",
}

// harmless are values that stand where a credential would, and are none.
var harmless = []string{
	"redacted", "[redacted]", "masked", "hidden", "example", "placeholder", "required", "optional", "missing", "invalid",
	"incorrect", "expired", "changed", "updated", "rotated", "removed", "unknown", "present", "enabled", "disabled", "string",
	"undefined", "process.env", "os.environ",
}

// secretName reports whether a key or the left side of a pair names a credential.
func secretName(name string) bool {
	if len(name) < 3 || len(name) > maxName || strings.IndexByte("detyn", name[len(name)-1]|0x20) < 0 {
		return false // none of the names has another last letter
	}
	var buf [maxName]byte
	plain := buf[:0]
	for i := range len(name) {
		switch c := name[i]; {
		case c == '_' || c == '-':
		case c >= 'A' && c <= 'Z':
			plain = append(plain, c|0x20)
		default:
			plain = append(plain, c)
		}
	}
	for _, s := range secretNames {
		if len(plain) >= len(s) && string(plain[len(plain)-len(s):]) == s {
			return true
		}
	}
	return false
}

// credential reports whether name names a credential and value is one: long enough, and no stand-in.
func credential(name, value string) bool {
	if len(value) < minValue || !secretName(name) || placeholder(value) {
		return false
	}
	// PWD is also the working directory.
	return !strings.EqualFold(name, "pwd") || value[0] != '/' && !strings.Contains(value, `:\`)
}

// placeholder reports whether a value only shows where a credential would stand: ***, <token>, ${PASSWORD}, {{path}}, xxxx.
func placeholder(value string) bool {
	for _, open := range []string{"<", "${", "{{", "$(", "%(", "$"} {
		if strings.HasPrefix(value, open) && (open != "$" || len(value) > 1 && (upper.has(value[1]) || value[1] == '_')) {
			return true
		}
	}
	if strings.Trim(value, value[:1]) == "" && strings.ContainsAny(value[:1], "*xX.-_#?") {
		return true
	}
	low := strings.ToLower(strings.TrimRight(value, ".,!?"))
	if slices.Contains(harmless, low) || strings.HasPrefix(low, "process.env.") || strings.HasPrefix(low, "os.environ") {
		return true
	}
	return strings.HasPrefix(low, "your_") || strings.HasPrefix(low, "your-") || strings.HasPrefix(low, "example-") ||
		strings.HasPrefix(low, "example_")
}

// pair reports whether the "=" or ":" at s[i] joins the name of a credential to one.
func pair(s string, i int) bool {
	name := nameBefore(s[:i])
	if !secretName(name) {
		return false
	}
	rest := strings.TrimLeft(s[i+1:min(len(s), i+512)], "=>") // also := and =>
	bare := strings.TrimLeft(rest, " \t")
	spaced := len(bare) < len(rest)
	value := strings.TrimLeft(bare, `\"'`+"`")
	quoted := len(value) < len(bare)
	whole := value
	if end := strings.IndexAny(value, " \t\r\n\\\"'`,;&)]"); end >= 0 {
		value = value[:end]
	}
	return credential(name, value) && !(s[i] == ':' && spaced && !quoted && prose(value, whole[len(value):]))
}

// nameBefore gives the name that s ends with, past spaces and quotes, or "".
func nameBefore(s string) string {
	end := len(s)
	for end > 0 && len(s)-end < 8 && strings.IndexByte(" \t\\\"':`", s[end-1]) >= 0 {
		end--
	}
	start := end
	for start > 0 && end-start <= maxName && slug.has(s[start-1]) {
		start--
	}
	return s[start:end]
}

// prose reports whether value is a word of a sentence: letters only, with another word behind it ("the secret: rotate it").
func prose(value, behind string) bool {
	for i := range len(value) {
		if c := value[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return len(behind) > 1 && behind[0] == ' ' && (behind[1]|0x20) >= 'a' && (behind[1]|0x20) <= 'z'
}
