package iam

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/zeroui/mmm-engine/adapters/identity/keyset"
	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

// Verifier turns a token into the caller it was issued to. Make one with New.
type Verifier struct {
	config  Config
	client  *httpclient.Client
	reader  *token.Reader
	keys    *keyset.Remote // nil with a file
	answers *token.Memory[answer]
	flights *flights
}

// answer is what the service said about a token: that it stands, and for whom, or that it does not.
type answer struct {
	who     caller.Caller
	revoked bool
}

// New makes a verifier. The service need not be up; a key file has to be readable. The error lists all that is wrong and
// repeats no address.
func New(cfg Config) (*Verifier, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	v := &Verifier{config: cfg, answers: token.NewMemory[answer](cfg.Remember), flights: newFlights(cfg.Timeout)}
	if v.client, err = cfg.client(); err != nil {
		return nil, err
	}
	keys, err := v.openKeys()
	if err != nil {
		return nil, err
	}
	v.reader = token.NewReader(token.Rules{
		Algorithms: []string{"RS256", "ES256", "EdDSA"}, Issuer: cfg.Issuer, Audience: cfg.Audience, Ahead: token.Ahead,
		ScopesTell: true, SubjectTells: cfg.SubjectTells,
	}, keys, cfg.Now)
	return v, nil
}

func (v *Verifier) openKeys() (token.Keys, error) {
	if v.config.KeysFile != "" {
		return keyset.OpenFile(v.config.KeysFile, v.config.Log)
	}
	client, query, err := v.config.keysClient()
	if err != nil {
		return nil, err
	}
	v.keys = keyset.NewRemote(func(ctx context.Context) (set keyset.Set, err error) {
		// What the answer says of its type is not judged: static hosts call such files all sorts of things.
		err = client.Do(ctx, httpclient.Call{Op: "keys", Query: query}, func(r httpclient.Response) error {
			set, err = keyset.Parse(r.Body)
			return err
		})
		return set, err
	}, v.config.Now)
	return v.keys, nil
}

// Close ends what still goes on and waits for it.
func (v *Verifier) Close() {
	v.flights.close()
	if v.keys != nil {
		v.keys.Close()
	}
}

// Verify checks a token (without "Bearer") and gives its caller. It is Unauthenticated where the token does not hold or was
// revoked, and Unavailable (IAM_UNAVAILABLE) where it holds and the service cannot be asked.
func (v *Verifier) Verify(ctx context.Context, rawToken string) (caller.Caller, error) {
	sum := token.DigestOf(rawToken)
	if known, ok := v.answers.Find(sum, v.config.Now()); ok {
		return known.result()
	}
	who, err := v.reader.Read(ctx, rawToken)
	if err != nil {
		return caller.Caller{}, err
	}
	return v.flights.join(ctx, sum, func(ctx context.Context) (caller.Caller, error) {
		// The call before this one may have ended just after we looked.
		if known, ok := v.answers.Find(sum, v.config.Now()); ok {
			return known.result()
		}
		return v.ask(ctx, sum, rawToken, who)
	})
}

func (a answer) result() (caller.Caller, error) {
	if a.revoked {
		return caller.Caller{}, fault.Unauthenticatedf("the token was revoked")
	}
	return a.who, nil
}

// ask shows a token that holds to the service and remembers what it says.
func (v *Verifier) ask(ctx context.Context, sum token.Digest, rawToken string, who caller.Caller) (caller.Caller, error) {
	asked := v.config.Now()
	var said verdict
	err := v.client.JSON(ctx, httpclient.Call{
		Op: opVerify, Path: v.config.Paths[opVerify], Body: map[string]string{"token": rawToken}, Retry: onceMore(),
	}, &said)
	if refused, ok := errors.AsType[*httpclient.Error](err); ok && refused.Status == http.StatusUnauthorized {
		no := answer{revoked: true}
		v.answers.Keep(sum, no, v.config.Now().Add(noFor))
		return no.result()
	}
	if err == nil && said.Sub != string(who.Subject()) {
		err = errors.New("the answer is about another subject")
	}
	if err != nil {
		return caller.Caller{}, unavailable(err)
	}
	until := asked.Add(v.config.VerifyTTL)
	if who.ExpiresAt().Before(until) {
		until = who.ExpiresAt()
	}
	yes := answer{who: who}
	v.answers.Keep(sum, yes, until)
	return yes.result()
}

// verdict is the service's yes. Its valid_until is not read, see the package's comment.
type verdict struct {
	Sub   string   `json:"sub"`
	Scope []string `json:"scope"`
}

// Check implements what the client asks of an answer. The scope is not used, but an answer without is not from this route.
func (v verdict) Check() error {
	if v.Sub == "" || v.Scope == nil {
		return errors.New("sub or scope is missing")
	}
	return nil
}

// fast is the wait before the second attempt: enough for a connection that was closed while idle, or a port that changes
// hands.
const fast = 50 * time.Millisecond

// onceMore tries a second time where no answer came, and soon: a person waits.
func onceMore() httpclient.Retry {
	return httpclient.Retry{Attempts: 2, First: fast, On: func(e *httpclient.Error) bool { return e.Kind == httpclient.KindTransport }}
}

func unavailable(err error) error {
	var after time.Duration
	if failed, ok := errors.AsType[*httpclient.Error](err); ok && failed.HasRetryAfter {
		after = failed.RetryAfter
	}
	return token.Unavailable(err, after)
}
