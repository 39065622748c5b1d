// Package sample is the made-up tenant of the demo: a small team in three time zones with its playbooks, settings,
// preferences, and two weeks of events. Everything is fictional and the same at every run.
//
// The playbooks are files in playbooks/. The events are written down in timeline.txt, in the local time of whoever caused
// them, and expanded to the envelope of POST /signals; the head of that file explains its lines.
package sample
