// Package eris hands receipts over to the evidence service. Sender is what the relay calls: it is given a tenant's receipts in the
// order of the ledger, as the very bytes that were signed, and says how many of them the service has.
//
// The service has three routes. The single route and the bulk route belong together; both fail where the service cannot find the
// tenant of a receipt. The courier route takes batches with a Merkle root and says nothing about what it loses, so everything is
// checked here before it is sent. Which routes are used is found out by trying: see Transport.
//
// A repeat is harmless: the service knows receipts by their ids, and a batch by an id that is made from its bytes.
package eris
