package sample

import (
	"fmt"
	"strings"
	"time"
)

// ship expands "TIME ACTOR ships REPO@BRANCH NUMBER +ADDED-DELETED REVIEWER [name=value...]" to the usual life of a change:
// pushed, opened, checked, approved and merged within two hours. The facts at its end go to what the author does.
func (tl *timeline) ship(at time.Duration, words []string) error {
	if len(words) < 7 {
		return fmt.Errorf("ships takes a place, a number, a size and a reviewer")
	}
	who, place, number, reviewer := words[1], words[3], fact(words[4]), words[6]
	var added, deleted int
	if _, err := fmt.Sscanf(words[5], "+%d-%d", &added, &deleted); err != nil {
		return fmt.Errorf("%q is not +ADDED-DELETED", words[5])
	}
	_, person := tl.offsets[who] // agents have no clock of their own
	repo, _, _ := strings.Cut(place, "@")
	mainline := repo + "@main"
	steps := []struct {
		after      time.Duration
		who        string
		eventType  string
		place      string
		authorship bool
	}{
		{0, who, "code.pushed", place, true},
		{12 * time.Minute, who, "pr.opened", place, true},
		{21 * time.Minute, who, "ci.run.succeeded", place, false},
		{95 * time.Minute, reviewer, "review.approved", place, false},
		{110 * time.Minute, who, "pr.merged", mainline, true},
		{121 * time.Minute, who, "ci.run.succeeded", mainline, false},
	}
	start := tl.event(at, who, "", place).OccurredAt
	for _, s := range steps {
		e := tl.event(0, s.who, s.eventType, s.place)
		e.OccurredAt = start.Add(s.after) // the reviewer's clock may differ; the change's order may not
		e.Payload["number"] = number
		if s.authorship {
			e.Payload["additions"], e.Payload["deletions"] = added, deleted
			e.Payload["agent_authored"], e.Payload["human_coauthors"] = !person, 0
			for _, w := range words[7:] {
				if err := e.set(w); err != nil {
					return err
				}
			}
		}
		tl.events = append(tl.events, e)
	}
	return nil
}
