// Package ports holds the outbound interfaces of the engine: what the use cases need of the world, as sentences about
// behaviour. Every method takes the tenant it works for; another tenant's things do not exist for it (NotFound).
//
//	port              used by                       adapters                    unavailable means
//	Playbooks         decide, manage playbooks      persistence                 503 STORE_UNAVAILABLE
//	Decisions         decide, audit                 persistence                 503, reservation given back
//	Signals           decide                        persistence                 503
//	Intake            signals, their worker         persistence                 503, nothing taken in; the worker waits
//	DecisionKnowledge explain                       persistence                 503
//	TenantSettings    decide                        persistence                 503
//	Preferences       decide                        persistence                 503
//	Actors            receipts                      persistence                 503
//	Receipts          audit                         persistence                 503
//	AccessLog         admins' reads                 persistence                 503, nothing is shown
//	DecisionList      list of decisions             persistence                 503
//	Reports           totals                        persistence                 503
//	AuditLog          admin mutations               auditlog                    never; the receipt is the proof
//	Transactor        admin mutations               persistence                 503, nothing changed
//	BudgetHistory     ledgers                       persistence                 the ledger is unavailable
//	FatigueLedger     decide, outcomes              memory, redis               budget_unavailable
//	PolicySource      decide                        policy/settings             judged by policy.Freshness
//	Claims            decide                        memory, redis               the unique index decides
//	ContentGenerator  texts of Mentors, Multipliers llm/gateway, llm/openai     the template, else llm_unavailable
//	PreparedTexts     texts of Mentors, Multipliers persistence                 the template, else llm_unavailable
//	Invalidations     caches                        memory, redis               caches are not trusted
//	Circuits          admins                        circuits                    never
//	Outcomes          outcomes                      persistence                 503
//	OpenActions       open actions, stream          persistence                 503
//	ActionBell        stream                        events/inprocess            the stream looks again by itself
//	PayloadDigest     open actions                  signing                     never
//	Outbox            relay                         persistence                 what has to leave waits
//	OwedBudget        relay                         persistence                 the commit waits
//	ReceiptDelivery   decide                        relayoutbox                 the receipt is pending
//	DeadLetters       command line                  persistence                 nothing is lost
//	EventPublisher    relay                         events/inprocess            events wait in the outbox
//	Retention         retention                     persistence                 old records stay
//	ReceiptSigner     everything with evidence      signing                     the call fails, nothing is shown
//	Identity          the HTTP edge                 identity/local              401, or 503 where somebody else must be asked
//	ConditionCompiler publishing, deciding          expression                  never
//	Directory         decide                        directory                   never
//	Clock, IDs        everybody                     infrastructure              never
//
// Each port has one contract suite under test/contract that every adapter and fake passes.
package ports
