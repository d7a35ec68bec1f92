package cloud

// ExpireDue removes at once what is past its time to live in any table, and returns how many items it was. DynamoDB does so within
// days, the desk by itself once a minute.
func (c *Cloud) ExpireDue() int { return c.dynamodb.ExpireDue(c.options.Clock()) }
