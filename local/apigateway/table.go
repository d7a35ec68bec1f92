package apigateway

import (
	"slices"
	"strings"
)

// table is the configuration in the form that requests use. It does not change.
type table struct {
	cors   *cors
	routes []*route // the most specific first
	stages map[string]*stage
}

// stage is a stage in the form that requests use.
type stage struct {
	name      string
	arn       string // what the source ARNs of its routes begin with
	variables []byte // the event's stageVariables, nil if there are none
	log       *accessLog
	throttles map[string]*bucket // by route key; missing: no throttle
}

// rebuild makes the table anew. The caller holds the mutex.
func (a *API) rebuild() {
	old := a.table.Load()
	t := &table{stages: map[string]*stage{}}
	if a.cors != nil {
		t.cors = newCORS(a.cors)
	}
	for _, r := range a.routes {
		parsed, err := parseRoute(r.Key)
		if err != nil {
			continue // PutRoute has refused it
		}
		parsed.authorization, parsed.authorizer, parsed.scopes = r.AuthorizationType, a.authorizers[r.AuthorizerID], r.AuthorizationScopes
		parsed.target = a.integrations[strings.TrimPrefix(r.Target, "integrations/")]
		t.routes = append(t.routes, parsed)
	}
	slices.SortFunc(t.routes, compareRoutes)
	for name, s := range a.stages {
		st := &stage{name: name, arn: a.ExecutionARN() + "/" + name + "/", variables: encodeVariables(s.Variables), throttles: map[string]*bucket{}}
		if s.AccessLog.Format != "" && s.AccessLog.Log != nil {
			st.log = newAccessLog(s.AccessLog)
		}
		for _, r := range t.routes {
			settings, ok := s.Routes[r.key]
			if !ok {
				settings = s.Default
			}
			if settings.Rate == 0 {
				continue
			}
			b := &bucket{settings: settings, tokens: float64(settings.Burst)}
			if before := old.stages[name]; before != nil {
				if kept := before.throttles[r.key]; kept != nil && kept.settings == settings {
					b = kept // a change elsewhere does not fill the bucket
				}
			}
			st.throttles[r.key] = b
		}
		t.stages[name] = st
	}
	a.table.Store(t)
}

// find returns the stage that a percent-encoded path is in, nil if there is none, and the path in the stage.
func (t *table) find(path string) (*stage, string) {
	first, rest, more := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if s := t.stages[first]; s != nil && first != defaultKey {
		if !more {
			return s, "/"
		}
		return s, path[len(path)-len(rest)-1:]
	}
	return t.stages[defaultKey], path
}
