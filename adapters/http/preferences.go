package httpapi

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/application/managepreferences"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// getPreferences answers GET /actors/{actor_id}/preferences.
func (s *Server) getPreferences(c echo.Context) error {
	id, err := pathActor(c)
	if err != nil {
		return err
	}
	found, err := s.deps.Preferences.Get(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return err
	}
	return answerPreferences(c, id, found)
}

// putPreferences answers PUT /actors/{actor_id}/preferences: it replaces the keys that the body names.
func (s *Server) putPreferences(c echo.Context) error {
	in, err := s.readObject(c)
	if err != nil {
		return err
	}
	if err := ownTenant(callerOf(c), in.object); err != nil {
		return err
	}
	id, present, revision, err := s.presentPreferences(c)
	if err != nil {
		return err
	}
	up, misread := updateOf(in.object)
	_, domain := s.deps.Preferences.Check(present.Preferences, up)
	changed, err := changedPreference(in.object, preferencesOf(callerOf(c).Tenant(), id, present))
	if err != nil {
		return err
	}
	if err := refuse(merge(s.problems(c, in.object), changed, misread, domain)); err != nil {
		return err
	}
	stored, err := s.deps.Preferences.Put(c.Request().Context(), callerOf(c), id, up, revision)
	if err != nil {
		return err
	}
	return answerPreferences(c, id, stored)
}

// snooze answers POST /actors/{actor_id}/preferences/snooze.
func (s *Server) snooze(c echo.Context) error {
	in, err := s.readObject(c)
	if err != nil {
		return err
	}
	id, _, revision, err := s.presentPreferences(c)
	if err != nil {
		return err
	}
	withoutNulls(in.object)
	if err := refuse(s.problems(c, in.object)); err != nil {
		return err
	}
	var (
		p     fault.Problems
		until time.Time
	)
	if hours, ok := in.object["duration_hours"].(float64); ok {
		until = s.deps.Clock.Now().Add(time.Duration(hours) * time.Hour)
	} else {
		until = readTime(&p, "until", text(in.object, "until"))
	}
	if err := refuse(p.Fields()); err != nil {
		return err
	}
	stored, err := s.deps.Preferences.Snooze(c.Request().Context(), callerOf(c), id, until, revision)
	if err != nil {
		return err
	}
	return answerPreferences(c, id, stored)
}

// endSnooze answers DELETE /actors/{actor_id}/preferences/snooze.
func (s *Server) endSnooze(c echo.Context) error {
	id, _, revision, err := s.presentPreferences(c)
	if err != nil {
		return err
	}
	stored, err := s.deps.Preferences.Wake(c.Request().Context(), callerOf(c), id, revision)
	if err != nil {
		return err
	}
	return answerPreferences(c, id, stored)
}

// presentPreferences finds what a change is made to, and the revision it may be made against.
func (s *Server) presentPreferences(c echo.Context) (actor.ID, ports.StoredPreferences, *int64, error) {
	id, err := pathActor(c)
	if err != nil {
		return "", ports.StoredPreferences{}, nil, err
	}
	present, err := s.deps.Preferences.Present(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return "", ports.StoredPreferences{}, nil, err
	}
	revision, err := expected(c, present.Revision)
	return id, present, revision, err
}

// updateOf reads the keys of a body; what is wrong with their form is told by the contract.
func updateOf(object map[string]any) (managepreferences.Update, []fault.Field) {
	var (
		up managepreferences.Update
		p  fault.Problems
	)
	if list, named := object["opt_out_categories"].([]any); named {
		words := wordsOf[string](list)
		up.OptOut = &words
	}
	if list, named := object["preferred_surfaces"].([]any); named {
		words := wordsOf[surface](list)
		up.Surfaces = &words
	}
	if _, named := object["timezone"]; named {
		zone := text(object, "timezone")
		up.Timezone = &zone
	}
	if given, named := object["snooze_until"]; named {
		until := time.Time{}
		if given != nil {
			until = readTime(&p, "snooze_until", text(object, "snooze_until"))
		}
		up.SnoozeUntil = &until
	}
	return up, p.Fields()
}

func answerPreferences(c echo.Context, id actor.ID, p ports.StoredPreferences) error {
	c.Response().Header().Set(headerETag, etag(p.Revision))
	return answer(c, http.StatusOK, preferencesOf(callerOf(c).Tenant(), id, p))
}
