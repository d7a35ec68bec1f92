// Package examples holds no code, only the proof that the examples of docs/extend.md do what that document says.
package examples
