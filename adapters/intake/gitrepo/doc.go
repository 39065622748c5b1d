// Package gitrepo reads the history of any local git repository into signals, by running git. The repository is input and not
// trusted: nothing it configures is executed, nothing is fetched, nothing is written, and odd names, merges, binary files and
// shallow or empty histories are ordinary.
package gitrepo
