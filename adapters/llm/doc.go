// Package llm holds what the adapters of language models share: how a prompt is worded, and what a failure means. The adapters
// are in the folders below, one for each kind of service.
//
// A prompt has two parts that never mix: what is asked, in our words and those of the playbook's author, and the facts, as one
// JSON object between two marks. JSON escapes the characters that the marks are made of, so no fact can end its block.
package llm
