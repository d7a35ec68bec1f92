// Package workflows holds no code, only rules that the workflows in .github/workflows keep to and that actionlint does not know.
package workflows
