# Versions of the tools, which are installed into .bin and nowhere else.
GOLANGCI_VERSION := v2.15.0
WIRE_VERSION     := v0.7.0
MOCKERY_VERSION  := v2.53.7

BIN     := $(CURDIR)/.bin
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w -X github.com/zeroui/mmm-engine/infrastructure/buildinfo.version=$(VERSION)

GOLANGCI := $(BIN)/.golangci-lint-$(GOLANGCI_VERSION)
WIRE     := $(BIN)/.wire-$(WIRE_VERSION)
MOCKERY  := $(BIN)/.mockery-$(MOCKERY_VERSION)

.DEFAULT_GOAL := help
.PHONY: help build run test test-short arch lint fmt vet generate generate-check check bench cover tools clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build .bin/mmm
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/mmm ./cmd/mmm

run: ## run the demo; ARGS="--exit" hands arguments over
	CGO_ENABLED=0 go run ./cmd/mmm demo $(ARGS)

test: ## run all tests with the race detector; the last line counts them
	@.ci/prepare
	@CGO_ENABLED=1 .ci/test -race -shuffle=on

test-short: ## run the tests without the race detector, unchanged packages from the cache
	@.ci/test -short

arch: ## check who imports whom
	go test -count=1 ./test/arch

lint: $(GOLANGCI) ## run golangci-lint
	$(BIN)/golangci-lint run ./...

fmt: $(GOLANGCI) ## format all Go files
	$(BIN)/golangci-lint fmt ./...

vet: ## run go vet
	go vet ./...

generate: $(WIRE) $(MOCKERY) ## write wire_gen.go, the mocks and the example configuration
	@.ci/generate

generate-check: $(WIRE) $(MOCKERY) ## fail when a generated file is out of step
	@.ci/generate --check

check: vet lint arch generate-check ## everything but the tests

bench: ## measure the in-process steps of a decision
	go test -run '^$$' -bench . -benchmem ./test/bench/...

cover: ## write cover.html
	go test -coverpkg=./... -coverprofile=cover.out ./...
	go tool cover -html=cover.out -o cover.html
	@go tool cover -func=cover.out | tail -1

tools: $(GOLANGCI) $(WIRE) $(MOCKERY) ## install the tools into .bin

clean: ## remove what was built
	rm -rf $(BIN) cover.out cover.html

# A file named after the version marks an installed tool, so that a new version is installed again.
$(GOLANGCI):
	GOBIN=$(BIN) GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@rm -f $(BIN)/.golangci-lint-* && touch $@

$(WIRE):
	GOBIN=$(BIN) GOFLAGS= go install github.com/google/wire/cmd/wire@$(WIRE_VERSION)
	@rm -f $(BIN)/.wire-* && touch $@

$(MOCKERY):
	GOBIN=$(BIN) GOFLAGS= go install github.com/vektra/mockery/v2@$(MOCKERY_VERSION)
	@rm -f $(BIN)/.mockery-* && touch $@
