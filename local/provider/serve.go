package provider

import (
	"context"
	"fmt"
	"net"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// maxMessage is the size of the largest message: Pulumi's own limit.
const maxMessage = 400 << 20

// Server is a provider that listens. Close it.
type Server struct {
	grpc *grpc.Server
	port int
	done chan error
}

// Serve serves the cloud on a port of 127.0.0.1; 0 means any free one.
func Serve(cloud Cloud, port int) (*Server, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	s := &Server{
		grpc: grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage)),
		port: listener.Addr().(*net.TCPAddr).Port,
		done: make(chan error, 1),
	}
	pulumirpc.RegisterResourceProviderServer(s.grpc, &server{cloud: cloud})
	go func() { s.done <- s.grpc.Serve(listener) }()
	return s, nil
}

// Environment is the variable that attaches an engine, NAME=VALUE.
func (s *Server) Environment() string {
	return fmt.Sprintf("PULUMI_DEBUG_PROVIDERS=aws:%d,command:%d", s.port, s.port)
}

// Close ends calls that are under way when ctx is done, and the server.
func (s *Server) Close(ctx context.Context) error {
	stopped := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		s.grpc.Stop()
		<-stopped
	}
	return <-s.done
}
