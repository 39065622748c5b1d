// Package gateway asks the organisation's LLM gateway for text. The gateway gives its own verdict, as the decision on a call;
// translate.go maps it to ours, and what it does not say clearly is a fail. A call is made once: each one is paid for.
package gateway
