// Package safety judges text that a model wrote before a person sees it.
//
// A Verdict says whether the text may be shown; its zero value is a fail, so that a forgotten check hides the text. Inspect is
// the built-in check: injected instructions, credentials, personal data, words that coerce. Unsupported is the facts-only
// check: each number, path and identifier of a text has to stand in the facts that the model was given. Misshapen refuses
// what is no plain text. What is looked for is data, each entry with its reason (flags.tsv, phrases.tsv, prose.tsv).
//
// The facts-only check leans to one side: a word is prose only if it is sure to be. A name in lower case that is spelled like
// an English word, and a name that begins a sentence, cannot be told from prose and pass; nearly everything else that could
// name a thing has to be among the facts. A text that is refused costs a rephrasing, since the author's template is shown
// then. Only English prose is known; text in another language hardly ever passes.
//
// All functions are pure, safe for concurrent use, and take time linear in the length of the text.
package safety
