package privacy

import "strings"

// charset is a set of ASCII characters.
type charset [128]bool

func chars(ranges string) charset {
	var set charset
	for i := 0; i+1 < len(ranges); i += 2 {
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			set[c] = true
		}
	}
	return set
}

func (s *charset) has(c byte) bool { return c < 128 && s[c] }

// span gives the length of the row of characters of the set that s begins with, but at most limit.
func (s *charset) span(text string, limit int) int {
	n := 0
	for n < len(text) && n < limit && s.has(text[n]) {
		n++
	}
	return n
}

var (
	alnum, upper, hex, slug = chars("09AZaz"), chars("09AZ"), chars("09af"), chars("09AZaz__--")        //nolint:gochecknoglobals // constant tables
	base64, token, path     = chars("09AZaz++//=="), chars("09AZaz__--..~~++//=="), chars("09AZaz//__") //nolint:gochecknoglobals // constant tables
)

// format is a kind of secret known by its beginning: prefix, then at least min characters of set, or exactly min.
type format struct {
	prefix string
	set    *charset
	min    int
	exact  bool
}

// formats are the known ones. The lengths are those the issuers document or a little less, so that a key cut short is
// still refused, while the name of a package or branch is not.
var formats = []format{
	{"AKIA", &upper, 16, true},                      // AWS access key id
	{"ASIA", &upper, 16, true},                      // AWS temporary access key id
	{"AIza", &slug, 35, true},                       // Google API key
	{"AccountKey=", &base64, 20, false},             // Azure storage
	{"SharedAccessKey=", &base64, 20, false},        // Azure service bus
	{"AGE-SECRET-KEY-1", &upper, 40, false},         // age
	{"SK", &hex, 32, true},                          // Twilio
	{"ghp_", &alnum, 36, false},                     // GitHub, personal
	{"gho_", &alnum, 36, false},                     // GitHub, OAuth
	{"ghu_", &alnum, 36, false},                     // GitHub, user to server
	{"ghs_", &alnum, 36, false},                     // GitHub, server to server
	{"ghr_", &alnum, 36, false},                     // GitHub, refresh
	{"github_pat_", &slug, 22, false},               // GitHub, fine-grained
	{"glpat-", &slug, 20, false},                    // GitLab, personal
	{"gldt-", &slug, 20, false},                     // GitLab, deploy
	{"glrt-", &slug, 20, false},                     // GitLab, runner
	{"glptt-", &slug, 20, false},                    // GitLab, pipeline trigger
	{"xoxa-", &slug, 10, false},                     // Slack
	{"xoxb-", &slug, 10, false},                     // Slack
	{"xoxo-", &slug, 10, false},                     // Slack
	{"xoxp-", &slug, 10, false},                     // Slack
	{"xoxr-", &slug, 10, false},                     // Slack
	{"xoxs-", &slug, 10, false},                     // Slack
	{"hooks.slack.com/services/", &path, 20, false}, // Slack, webhook
	{"sk_live_", &alnum, 16, false},                 // Stripe
	{"rk_live_", &alnum, 16, false},                 // Stripe, restricted
	{"sk_test_", &alnum, 16, false},                 // Stripe, test
	{"rk_test_", &alnum, 16, false},                 // Stripe, test, restricted
	{"whsec_", &base64, 24, false},                  // Stripe and Standard Webhooks
	{"npm_", &alnum, 36, false},                     // npm
	{"pypi-AgE", &slug, 16, false},                  // PyPI
	{"pypi-", &slug, 50, false},                     // PyPI
	{"sk-ant-", &slug, 16, false},                   // Anthropic
	{"sk-proj-", &slug, 16, false},                  // OpenAI, project
	{"sk-svcacct-", &slug, 16, false},               // OpenAI, service account
	{"sk-admin-", &slug, 16, false},                 // OpenAI, admin
	{"sk-", &alnum, 32, false},                      // OpenAI
	{"dop_v1_", &hex, 64, false},                    // DigitalOcean
	{"doo_v1_", &hex, 64, false},                    // DigitalOcean, OAuth
	{"hf_", &alnum, 34, false},                      // Hugging Face
	{"dckr_pat_", &slug, 20, false},                 // Docker
	{"shpat_", &hex, 32, false},                     // Shopify
}

// begins holds, for each first byte of a known beginning, the formats that have it.
var begins = func() (table [128][]format) {
	for _, f := range formats {
		table[f.prefix[0]] = append(table[f.prefix[0]], f)
	}
	return table
}()

// matches reports whether s begins with a secret of this format.
func (f *format) matches(s string) bool {
	if !strings.HasPrefix(s, f.prefix) {
		return false
	}
	rest := s[len(f.prefix):]
	n := f.set.span(rest, f.min)
	return n == f.min && !(f.exact && n < len(rest) && f.set.has(rest[n]))
}
