package iam

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/zeroui/mmm-engine/adapters/identity/keyset"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

const healthPath = prefix + "/health"

// nobody is a token that no service may say yes to.
const nobody = "no.such.token"

// Probe asks whether the service lives, whether it refuses a token that is none, and whether there are keys. The error names the
// first thing that is not as it should be.
func (v *Verifier) Probe(ctx context.Context) error {
	if err := v.client.Do(ctx, httpclient.Call{Op: "health", Path: healthPath}, nil); err != nil {
		return err //nolint:wrapcheck // it names neighbour and operation
	}
	var said verdict
	err := v.client.JSON(ctx, httpclient.Call{Op: opVerify, Path: v.config.Paths[opVerify], Body: map[string]string{"token": nobody}}, &said)
	refused, ok := errors.AsType[*httpclient.Error](err)
	switch {
	case err == nil:
		return fmt.Errorf("%s %s: a token that is none was not refused", neighbour, opVerify)
	case !ok || refused.Status != http.StatusUnauthorized:
		return err
	case v.config.KeysURL == "":
		return nil // the file was read when the verifier was made
	}
	client, query, err := v.config.keysClient()
	if err != nil {
		return err
	}
	return client.Do(ctx, httpclient.Call{Op: "keys", Query: query}, func(r httpclient.Response) error { //nolint:wrapcheck // it says all
		_, err := keyset.Parse(r.Body)
		return err
	})
}
