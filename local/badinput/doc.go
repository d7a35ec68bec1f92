// Package badinput holds no code, only proofs, run against a whole stage on the desk: whatever clients send, however malformed,
// is answered without an internal error, ends no function, and writes either an order with its event or nothing at all.
package badinput
