// Package lifecycle_test runs the genuine Pulumi engine against the desk: preview, up, refresh and destroy of the
// very program that deploys to AWS, with the provider of package local/provider in place of the real one. What it
// proves is the program and the engine; what AWS and the real provider check is beyond it.
//
// It needs the Pulumi CLI, on PATH or named by PULUMI_CLI; tools/install-pulumi builds it. Without one the tests
// are skipped, except in CI, where PULUMI_CLI is set and a missing CLI is a failure.
package lifecycle_test
