package apigateway

import "net/http"

// API is one HTTP API. It is safe for concurrent use.
type API struct {
	id   string
	opts Options
}

// New returns an API without routes whose functions are called through invoker.
func New(id string, invoker Invoker, opts *Options) *API { return &API{id: id} }

// Configure replaces the API's own settings.
func (a *API) Configure(s Settings) error { return nil }

// PutIntegration adds or replaces an integration.
func (a *API) PutIntegration(id string, i Integration) error { return nil }

// DeleteIntegration removes an integration. Routes that use it answer 500.
func (a *API) DeleteIntegration(id string) {}

// PutRoute adds or replaces a route. Two routes with one key are a ConflictException.
func (a *API) PutRoute(id string, r Route) error { return nil }

// DeleteRoute removes a route.
func (a *API) DeleteRoute(id string) {}

// PutStage adds or replaces a stage by its name.
func (a *API) PutStage(s Stage) error { return nil }

// DeleteStage removes a stage.
func (a *API) DeleteStage(name string) {}

// ServeHTTP answers one request of a client.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) }
