// Command transactional-outbox is the Pulumi program: what `pulumi up` runs.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/stack"
)

func main() {
	pulumi.Run(stack.Deploy)
}
