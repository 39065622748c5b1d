// Package refresh keeps what is dear to ask for and is asked for again and again. A value is given without asking while it is
// fresh; where it is not, all who want it wait for one fetch, each for as long as it likes; and a value in use is fetched anew
// before it stops being fresh, so that nobody waits at all.
//
// A fetch is detached from whoever asked: it goes on until its own timeout, fills the cache, and serves the next. A failed
// fetch fills nothing and takes nothing away, so what was kept before can still be had by Peek.
//
// Nothing is locked while a fetch runs, and an expired or forgotten key is never filled with what was on its way at that
// moment as if that were new: whoever asks after Expire or Forget gets an answer to a fetch that began after it.
package refresh
