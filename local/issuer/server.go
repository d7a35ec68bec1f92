package issuer

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server is an issuer with an address of its own.
type Server struct {
	*Issuer
	// URL is where the issuer is served, and the iss claim of its tokens.
	URL string

	server *http.Server
	ended  chan struct{}
}

// Serve serves a new issuer on any free port of 127.0.0.1 until it is closed.
func Serve(opts *Options) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	s := &Server{URL: "http://" + listener.Addr().String(), ended: make(chan struct{})}
	if s.Issuer, err = New(s.URL, opts); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.server = &http.Server{Handler: s.Issuer, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.ended)
		_ = s.server.Serve(listener) // ends with Close
	}()
	return s, nil
}

// Close stops serving. It may be called more than once.
func (s *Server) Close() error {
	err := s.server.Close()
	<-s.ended
	return err
}
