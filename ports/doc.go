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
//	PolicySource      decide                        policy, policy/settings     judged by policy.Freshness
//	PolicySnapshots   policy                        persistence                 those in memory are all there are
//	GoldStandards     decide                        goldstandards               gold_standards_unavailable: Mirror only
//	SafeToAct         decide                        health                      not_safe_to_act: no Multiplier
//	Governance        decide, retention             governance                  quiet nights; nothing is deleted by age
//	SignalHistory     decide                        ubi                         the engine's own signals are all there are
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
//	SurfaceDispatcher relay                         surfaces/alert/...          tried again, then parked
//	Deliveries        relay                         persistence                 what has to be delivered waits
//	Retention         retention                     persistence                 old records stay
//	ReceiptSigner     everything with evidence      signing                     the call fails, nothing is shown
//	Identity          the HTTP edge                 identity/{local,iam,oidc}   503 IAM_UNAVAILABLE; a bad token is 401 as ever
//	ConditionCompiler publishing, deciding          expression                  never
//	Directory         decide                        directory                   never
//	KeyedHash         everybody with evidence       infrastructure/keyedhash    never
//	Clock, IDs        everybody                     infrastructure              never
//	the meters        everybody                     infrastructure              never
//
// What the adapters of a port have in common is tested by a suite under test/contract, which the fake passes too; adapters of
// neighbour services pass its table of faults.
package ports
