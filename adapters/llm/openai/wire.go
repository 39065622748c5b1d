package openai

import "errors"

// chatRequest is what the endpoint is asked. Temperature is zero: equal facts are to give equal texts.
type chatRequest struct {
	Model       string    `json:"model"`
	Messages    []message `json:"messages"`
	Temperature int       `json:"temperature"`
	MaxTokens   int       `json:"max_tokens"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// chatAnswer is what the endpoint says. Only the first choice is looked at; more are not asked for.
type chatAnswer struct {
	Choices []choice `json:"choices"`
}

type choice struct {
	Message      *said  `json:"message"`
	FinishReason string `json:"finish_reason"`
}

type said struct {
	Content *string `json:"content"`
	Refusal *string `json:"refusal"`
}

// Check implements the client's check of an answer.
func (a *chatAnswer) Check() error {
	if len(a.Choices) == 0 || a.Choices[0].Message == nil || a.Choices[0].FinishReason == "" {
		return errors.New("the answer has no finished choice")
	}
	return nil
}
