package dynamodb

import "transactional-outbox/local/awsapi"

type service uint8

const (
	serviceTables service = iota
	serviceStreams
)

// operation is one operation of a service: decode, check, authorize, work, answer.
type operation struct {
	service service
	perform func(e *Engine, auth awsapi.Authorizer, request []byte) ([]byte, error)
}

func operations() map[string]operation {
	return map[string]operation{
		"CreateTable":               {serviceTables, (*Engine).createTable},
		"DescribeTable":             {serviceTables, (*Engine).describeTable},
		"UpdateTable":               {serviceTables, (*Engine).updateTable},
		"DeleteTable":               {serviceTables, (*Engine).deleteTable},
		"ListTables":                {serviceTables, (*Engine).listTables},
		"ListTagsOfResource":        {serviceTables, (*Engine).listTags},
		"TagResource":               {serviceTables, (*Engine).tag},
		"UntagResource":             {serviceTables, (*Engine).untag},
		"UpdateTimeToLive":          {serviceTables, (*Engine).updateTimeToLive},
		"DescribeTimeToLive":        {serviceTables, (*Engine).describeTimeToLive},
		"UpdateContinuousBackups":   {serviceTables, (*Engine).updateContinuousBackups},
		"DescribeContinuousBackups": {serviceTables, (*Engine).describeContinuousBackups},
		"PutItem":                   {serviceTables, (*Engine).putItem},
		"GetItem":                   {serviceTables, (*Engine).getItem},
		"UpdateItem":                {serviceTables, (*Engine).updateItem},
		"DeleteItem":                {serviceTables, (*Engine).deleteItem},
		"Query":                     {serviceTables, (*Engine).query},
		"Scan":                      {serviceTables, (*Engine).scan},
		"BatchGetItem":              {serviceTables, (*Engine).batchGet},
		"BatchWriteItem":            {serviceTables, (*Engine).batchWrite},
		"TransactWriteItems":        {serviceTables, (*Engine).transactWrite},
		"TransactGetItems":          {serviceTables, (*Engine).transactGet},
		"ListStreams":               {serviceStreams, (*Engine).listStreams},
		"DescribeStream":            {serviceStreams, (*Engine).describeStream},
		"GetShardIterator":          {serviceStreams, (*Engine).getShardIterator},
		"GetRecords":                {serviceStreams, (*Engine).getRecords},
	}
}
