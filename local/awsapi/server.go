package awsapi

import (
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server is an HTTP server on 127.0.0.1 with one handler.
type Server struct {
	http     http.Server
	listener net.Listener
	done     chan struct{}
}

// Listen serves handler on 127.0.0.1 at port; port 0 takes a free one. Close the server when it is no longer needed.
func Listen(port int, handler http.Handler) (*Server, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{listener: listener, done: make(chan struct{})}
	s.http = http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.done)
		// Serve ends with Close, and only then.
		_ = s.http.Serve(listener)
	}()
	return s, nil
}

// URL returns the endpoint, such as http://127.0.0.1:4566.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close stops the server and drops its connections. It may be called again.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}
