// Package mocks holds generated mocks, for failures that a fake in test/fake cannot make.
package mocks
