// Package docs runs what the documentation says. It has tests only.
package docs
