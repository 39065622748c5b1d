// Package wording reads the text of a nudge and names the words in it that a nudge may not use.
//
// Neutral is the rule for Mirrors: no prescriptive words, no orders. Respectful is the rule for every kind: no fear, no
// shame, no false urgency, no comparison of persons. The words are data, each with its reason (words.tsv); the code knows
// only how to read. What stands in code spans and fences, placeholders, URLs, and identifiers with "_", "." or "/" inside is
// not looked at: it is somebody's name for a thing, not our advice.
//
// An order is told from a noun by what follows it: "check the logs" is one, "check run failed" is not. That is a
// heuristic. It leans towards letting a noun pass for verbs that are nouns just as often, and towards refusing otherwise,
// since the author of a refused text sees the word and the reason and can write it differently.
//
// All functions are pure, safe for concurrent use, and take time linear in the length of the text.
package wording
