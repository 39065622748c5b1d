// Package openai asks any endpoint that speaks OpenAI's chat completions. Such an endpoint says nothing about the safety of its
// text, so the engine's own check gives the verdict. A call is made once: each one is paid for.
package openai
