package awsapi

import "net/http"

// NewHandler returns the HTTP endpoint that serves the services of opts. It is safe for concurrent use.
func NewHandler(opts *Options) http.Handler {
	if opts == nil {
		opts = &Options{}
	}
	return &handler{Options: *opts}
}

type handler struct{ Options }

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "", http.StatusNotImplemented)
}
