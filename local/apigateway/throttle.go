package apigateway

import (
	"sync"
	"time"
)

// bucket is the token bucket of a route in a stage.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type bucket struct {
	settings RouteSettings

	mu     sync.Mutex
	tokens float64
	last   time.Time
}

// take takes a token and tells whether there was one.
func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.last.IsZero() && now.After(b.last) {
		b.tokens = min(float64(b.settings.Burst), b.tokens+now.Sub(b.last).Seconds()*b.settings.Rate)
	}
	if b.last.IsZero() || now.After(b.last) {
		b.last = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
