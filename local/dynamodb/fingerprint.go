package dynamodb

import (
	"hash/maphash"

	"transactional-outbox/local/dynamodb/attribute"
)

// fingerprint tells transactions with one token apart: whatever the order of members in the request, it is that of its meaning.
func (r *transactWriteRequest) fingerprint(seed maphash.Seed) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for i := range r.TransactItems {
		item := &r.TransactItems[i]
		_, action, table, conditional, key, _ := item.only()
		attribute.HashString(&h, action)
		attribute.HashString(&h, table)
		key.Hash(&h)
		hashText(&h, conditional.ConditionExpression)
		if item.Update != nil {
			hashText(&h, item.Update.UpdateExpression)
		}
		for _, n := range conditional.ExpressionAttributeNames {
			attribute.HashString(&h, n.Reference)
			attribute.HashString(&h, n.Name)
		}
		attribute.Map(conditional.ExpressionAttributeValues).Hash(&h)
		attribute.HashString(&h, conditional.ReturnValuesOnConditionCheckFailure)
	}
	return h.Sum64()
}

// hashText writes a string that may be absent.
func hashText(h *maphash.Hash, text *string) {
	if text == nil {
		h.WriteByte(0)
		return
	}
	h.WriteByte(1)
	attribute.HashString(h, *text)
}
