package replication

import "context"

func (d *Destination) run(ctx context.Context) {
	defer close(d.done)
	<-ctx.Done()
}
