//go:build !profile

package lambdaenv

func profile() {}
