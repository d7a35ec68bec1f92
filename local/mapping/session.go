package mapping

import (
	"context"
)

// run is the life of a mapping.
func (m *Mapping) run(ctx context.Context) {
	defer close(m.done)
	<-ctx.Done()
}
