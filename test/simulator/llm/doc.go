// Package llm plays the organisation's LLM gateway. It is as strict as the real one about the shape of a request, and says what
// a test told it to say; a block is a 200 without output.
package llm
