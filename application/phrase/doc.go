// Package phrase gets the texts of Mentors and Multipliers written by a model, off the hot path. A decision asks for a text by
// its facts; where it is not there yet, the template ships and the text is prepared for the next decision that finds the same
// facts. Only who has nobody waiting may wait for the model.
//
// Texts are kept for a day in the store, so that replicas share them and a restart keeps them, with a small cache in front.
// What the model said and may not be shown is kept as a verdict, so that it is not asked again for the same facts; that a
// model could not be had is not kept. One text is generated once at a time over all replicas, and a tenant gets at most sixty
// generations an hour.
//
// A generation belongs to nobody's call: it runs in workers of its own, a few at a time, behind a short queue that drops what
// does not fit, because the next decision will ask again. Safe for concurrent use.
package phrase
