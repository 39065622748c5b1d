package httpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"reflect"
	"strings"
)

// JSON makes a call and decodes its answer into out, a pointer. The answer must say that it is JSON and be one value that is
// not null and fits; fields that out does not have are left aside. If out has a method Check() error, the value decides
// itself whether it is complete. Any failure of these is KindMalformed. out is replaced as a whole if all is well, and left
// alone otherwise. A nil out only has the answer checked for being JSON.
func (c *Client) JSON(ctx context.Context, call Call, out any) error {
	target := reflect.ValueOf(out)
	if out != nil && (target.Kind() != reflect.Pointer || target.IsNil()) {
		return &Error{Neighbour: c.config.Name, Op: call.Op, Kind: KindRequest, Err: errors.New("out is no pointer")}
	}
	return c.Do(ctx, call, func(r Response) error {
		if !isJSON(r.Header.Get("Content-Type")) {
			return errors.New("the content type is not JSON")
		}
		if bytes.Equal(bytes.TrimSpace(r.Body), []byte("null")) {
			return errors.New("the answer is null")
		}
		if out == nil {
			if !json.Valid(r.Body) {
				return errors.New("the answer is not JSON")
			}
			return nil
		}
		// A value of its own: an attempt that fails half-way must not shine through in the next one's.
		fresh := reflect.New(target.Type().Elem())
		if err := json.Unmarshal(r.Body, fresh.Interface()); err != nil {
			return err
		}
		if checked, ok := reflect.TypeAssert[interface{ Check() error }](fresh); ok {
			if err := checked.Check(); err != nil {
				return err
			}
		}
		target.Elem().Set(fresh.Elem())
		return nil
	})
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == jsonType || strings.HasSuffix(media, "+json"))
}
