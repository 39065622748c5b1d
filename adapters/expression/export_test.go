package expression

// Cached gives how many expressions are remembered.
func Cached(c *Compiler) int {
	c.cache.mu.Lock()
	defer c.cache.mu.Unlock()
	return len(c.cache.young) + len(c.cache.old)
}
