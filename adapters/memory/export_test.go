package memory

// The bounds that tests look at.
const (
	Forgetful = forgetful
	Shards    = shards
	Roomy     = roomy
)

// Crowd makes the ledger keep fewer things in each shard.
func (l *Ledger) Crowd(limit int) { l.actors.limit, l.repos.limit = limit, limit }

// Kept gives how many actors and repos are in memory.
func (l *Ledger) Kept() (actors, repos int) { return l.actors.size(), l.repos.size() }

// Held gives how many entries and units are in memory.
func (l *Ledger) Held() (entries, units int) {
	for i := range l.actors.shards {
		for _, s := range l.actors.shards[i].slots {
			entries += len(s.value.entries)
		}
		for _, s := range l.repos.shards[i].slots {
			units += len(s.value.units)
		}
	}
	return entries, units
}

// Size gives how many keys are held.
func (c *Claims) Size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.held)
}
