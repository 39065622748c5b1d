package config

func (i Identity) check(r *report, n Neighbours) {
	r.choice("identity.provider", i.Provider, []string{"local", "oidc", "iam"}, nil)
	r.readable("identity.jwks_file", i.JWKSFile)
	r.webURL("identity.jwks_url", i.JWKSURL)
	r.webURL("identity.oidc.issuer", i.OIDC.Issuer)
	switch i.Provider {
	case "iam":
		if !n.IAM.Used() {
			r.add("neighbours.iam.base_url", "must be set for identity.provider iam")
		}
		if (i.JWKSFile == "") == (i.JWKSURL == "") {
			r.add("identity.jwks_file", "exactly one of identity.jwks_file and identity.jwks_url must be set for identity.provider iam")
		}
	case "oidc":
		if i.OIDC.Issuer == "" {
			r.add("identity.oidc.issuer", "must be set for identity.provider oidc")
		}
		if i.OIDC.Audience == "" {
			r.add("identity.oidc.audience", "must be set for identity.provider oidc, or tokens for other services would be taken")
		}
		if i.OIDC.TenantClaim == "" {
			r.add("identity.oidc.tenant_claim", "must be set for identity.provider oidc")
		}
		if i.OIDC.RolesClaim == "" {
			r.add("identity.oidc.roles_claim", "must be set for identity.provider oidc")
		}
	}
}

func (p Policy) check(r *report, n Neighbours) {
	r.choice("policy.provider", p.Provider, []string{"settings", "http", "opa"}, nil)
	r.webURL("policy.opa_url", p.OPAURL)
	if p.Provider == "http" && !n.Policy.Used() {
		r.add("neighbours.policy.base_url", "must be set for policy.provider http")
	}
	if p.Provider == "opa" && p.OPAURL == "" {
		r.add("policy.opa_url", "must be set for policy.provider opa")
	}
	if p.Fresh <= 0 {
		r.add("policy.fresh", "must be longer than 0")
	}
	if p.Stale < p.Fresh {
		r.add("policy.stale", "must not be shorter than policy.fresh (%s)", p.Fresh)
	}
}

func (e Evidence) check(r *report, n Neighbours) {
	r.choice("evidence.sink", e.Sink, []string{"ledger", "eris"}, nil)
	if e.Redelivery <= 0 {
		r.add("evidence.redelivery", "must be longer than 0")
	}
	if e.Sink != "eris" {
		return
	}
	if !n.ERIS.Used() {
		r.add("neighbours.eris.base_url", "must be set for evidence.sink eris")
	}
	if !n.ERIS.Token.IsSet() && n.ERIS.TokenFile == "" {
		r.add("neighbours.eris.token", "must be set for evidence.sink eris: the engine sends receipts in its own name")
	}
}

func (l LLM) check(r *report, n Neighbours) {
	r.choice("llm.provider", l.Provider, []string{"none", "gateway", "openai"}, nil)
	if (l.Provider == "gateway" || l.Provider == "openai") && !n.LLM.Used() {
		r.add("neighbours.llm.base_url", "must be set for llm.provider %s", l.Provider)
	}
	if l.Provider == "openai" && l.Model == "" {
		r.add("llm.model", "must be set for llm.provider openai")
	}
}

func (a Alert) check(r *report, n Neighbours) {
	r.choice("alert.channel", a.Channel, []string{"none", "platform", "slack", "webhook"}, nil)
	switch a.Channel {
	case "platform":
		if !n.Alerting.Used() {
			r.add("neighbours.alerting.base_url", "must be set for alert.channel platform")
		}
		if !a.JWTSecret.IsSet() {
			r.add("alert.jwt_secret", "must be set for alert.channel platform")
		}
	case "slack", "webhook":
		if !a.URL.IsSet() {
			r.add("alert.url", "must be set for alert.channel %s", a.Channel)
		}
		if a.Channel == "webhook" && !a.WebhookSecret.IsSet() {
			r.add("alert.webhook_secret", "must be set for alert.channel webhook, so that its receiver can tell our posts from others")
		}
	}
	r.scheme("alert.url", a.URL, "http", "https")
}
