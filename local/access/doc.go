// Package access holds no code, only proofs, run against whole stages on the desk: that the API lets in whom its configuration
// names and nobody else, that idempotency keys belong to callers, and that every permission of every role is needed and enough.
package access
