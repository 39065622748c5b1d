package intake

import "container/list"

// bounded is a map that forgets its least recently used key when it is full, so that memory does not grow with a history.
// What it forgets depends only on the order of use, so a replay derives the same facts.
type bounded[K comparable, V any] struct {
	limit int
	items map[K]*list.Element
	order *list.List // front: used last
}

type boundedItem[K comparable, V any] struct {
	key   K
	value V
}

func newBounded[K comparable, V any](limit int) *bounded[K, V] {
	return &bounded[K, V]{limit: limit, items: map[K]*list.Element{}, order: list.New()}
}

// get gives the value of a key and counts as use.
func (b *bounded[K, V]) get(k K) (V, bool) {
	e, ok := b.items[k]
	if !ok {
		var zero V
		return zero, false
	}
	b.order.MoveToFront(e)
	item, _ := e.Value.(*boundedItem[K, V])
	return item.value, true
}

// put sets the value of a key and counts as use.
func (b *bounded[K, V]) put(k K, v V) {
	if e, ok := b.items[k]; ok {
		item, _ := e.Value.(*boundedItem[K, V])
		item.value = v
		b.order.MoveToFront(e)
		return
	}
	if b.order.Len() >= b.limit {
		oldest := b.order.Back()
		item, _ := b.order.Remove(oldest).(*boundedItem[K, V])
		delete(b.items, item.key)
	}
	b.items[k] = b.order.PushFront(&boundedItem[K, V]{key: k, value: v})
}
