package httpapi

import (
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/fault"
)

const (
	headerETag    = "ETag"
	headerIfMatch = "If-Match"
)

// etag names a state of a resource.
func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }

// ifMatch gives the revision that a change may be made against: 0, which is any, where the caller does not mind, else the
// present one where the caller names it. A weak tag counts as its strong one: a proxy that compresses weakens them, and
// every byte of an answer follows from the revision.
func ifMatch(c echo.Context, present int64) (int64, error) {
	headers := c.Request().Header.Values(headerIfMatch)
	if len(headers) == 0 {
		return 0, nil
	}
	for tag := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		switch tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag {
		case "*":
			return 0, nil
		case etag(present):
			return present, nil
		}
	}
	return 0, fault.New(fault.Conflict, fault.CodePreconditionFailed, "the resource was changed meanwhile")
}
