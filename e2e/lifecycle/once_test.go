package lifecycle_test

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"transactional-outbox/local/cloud"
)

// once is a cloud that runs each command of the program one time only. The commands build the handlers: for a test
// that leaves the sources alone, every further run finds that nothing is to do, in half the time of a preview.
// TestLifecycle, which edits them, has them run every time.
type once struct {
	providerCloud
	mu   sync.Mutex
	done map[string]resource.PropertyMap
}

// buildOnce wraps a desk.
func buildOnce(c *cloud.Cloud) providerCloud { return &once{providerCloud: c} }

// Invoke answers what has succeeded before with the same arguments as it did then.
func (o *once) Invoke(ctx context.Context, token string, arguments resource.PropertyMap) (resource.PropertyMap, error) {
	text, err := json.Marshal(arguments.Mappable())
	if err != nil {
		return nil, err
	}
	key := token + string(text)
	o.mu.Lock()
	result, done := o.done[key]
	o.mu.Unlock()
	if done {
		return result, nil
	}
	if result, err = o.providerCloud.Invoke(ctx, token, arguments); err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done == nil {
		o.done = map[string]resource.PropertyMap{}
	}
	o.done[key] = result
	return result, nil
}
