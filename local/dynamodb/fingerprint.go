package dynamodb

import (
	"hash/maphash"

	"transactional-outbox/local/dynamodb/attribute"
)

// fingerprint tells transactions with one token apart: whatever the order of members in the request, it is that of its meaning.
func (r *transactWriteRequest) fingerprint(seed maphash.Seed) uint64 {
	var room [2048]byte
	dst := room[:0]
	for i := range r.TransactItems {
		item := &r.TransactItems[i]
		_, action, table, conditional, key, _ := item.only()
		dst = attribute.AppendString(dst, action)
		dst = attribute.AppendString(dst, table)
		dst = key.AppendJSON(dst)
		dst = appendText(dst, conditional.ConditionExpression)
		if item.Update != nil {
			dst = appendText(dst, item.Update.UpdateExpression)
		}
		for _, n := range conditional.ExpressionAttributeNames {
			dst = attribute.AppendString(dst, n.Reference)
			dst = attribute.AppendString(dst, n.Name)
		}
		dst = attribute.Map(conditional.ExpressionAttributeValues).AppendJSON(dst)
		dst = attribute.AppendString(dst, conditional.ReturnValuesOnConditionCheckFailure)
	}
	return maphash.Bytes(seed, dst)
}

// appendText appends a string that may be absent.
func appendText(dst []byte, text *string) []byte {
	if text == nil {
		return append(dst, "null"...)
	}
	return attribute.AppendString(dst, *text)
}
