package eris

import (
	"crypto/sha256"
	"encoding/hex"
)

// merkleRoot is the root over leaves, which are hex digests: a parent is the digest of its two children's texts, and a last one
// without a partner that of its own text alone. No leaves give no root.
func merkleRoot(leaves []string) string {
	if len(leaves) == 0 {
		return ""
	}
	level := leaves
	for len(level) > 1 {
		above := make([]string, 0, (len(level)+1)/2)
		for i := 0; i < len(level); i += 2 {
			pair := level[i]
			if i+1 < len(level) {
				pair += level[i+1]
			}
			above = append(above, digest([]byte(pair)))
		}
		level = above
	}
	return level[0]
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
