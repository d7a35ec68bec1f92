package kinesis

// The wire structs of the typed calls. Member names, units and meaning are those of the Kinesis API reference, API version 2013-12-02.
// A stream is named by StreamName or by StreamARN; one of the two is required unless an iterator or a token names it.

// PutRecordsInput is the request of PutRecords: 1 to 500 records, 10 MiB in all.
type PutRecordsInput struct {
	Records    []PutRecordsEntry
	StreamName string `json:",omitempty"`
	StreamARN  string `json:",omitempty"`
}

// PutRecordsEntry is one record to write. Data is at most 1 MiB, together with PartitionKey. The engine keeps Data: the caller must
// not change it afterwards.
type PutRecordsEntry struct {
	Data            []byte
	PartitionKey    string
	ExplicitHashKey string `json:",omitempty"`
}

// PutRecordsOutput answers PutRecords, one entry per record in the order of the request. FailedRecordCount records were not written
// and have ErrorCode and ErrorMessage in place of SequenceNumber and ShardId.
type PutRecordsOutput struct {
	FailedRecordCount int
	Records           []PutRecordsResult
	EncryptionType    string `json:",omitempty"`
}

// PutRecordsResult is the fate of one record.
type PutRecordsResult struct {
	SequenceNumber string `json:",omitempty"`
	ShardId        string `json:",omitempty"`
	ErrorCode      string `json:",omitempty"`
	ErrorMessage   string `json:",omitempty"`
}

// ListShardsInput is the request of ListShards. NextToken stands alone: it carries the stream and the filter of the first request.
type ListShardsInput struct {
	StreamName              string       `json:",omitempty"`
	StreamARN               string       `json:",omitempty"`
	NextToken               string       `json:",omitempty"`
	ExclusiveStartShardId   string       `json:",omitempty"`
	MaxResults              *int         `json:",omitempty"`
	StreamCreationTimestamp *Timestamp   `json:",omitempty"`
	ShardFilter             *ShardFilter `json:",omitempty"`
}

// ShardFilter selects shards. Type is AFTER_SHARD_ID (with ShardId), AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP or
// FROM_TIMESTAMP (with Timestamp).
type ShardFilter struct {
	Type      string
	ShardId   string     `json:",omitempty"`
	Timestamp *Timestamp `json:",omitempty"`
}

// ListShardsOutput answers ListShards; NextToken is empty on the last page.
type ListShardsOutput struct {
	Shards    []Shard
	NextToken string `json:",omitempty"`
}

// Shard is one shard, open as long as its EndingSequenceNumber is empty.
type Shard struct {
	ShardId               string
	ParentShardId         string `json:",omitempty"`
	AdjacentParentShardId string `json:",omitempty"`
	HashKeyRange          HashKeyRange
	SequenceNumberRange   SequenceNumberRange
}

// HashKeyRange is a range of MD5 hash keys, both ends included, in decimal.
type HashKeyRange struct {
	StartingHashKey string
	EndingHashKey   string
}

// SequenceNumberRange is the range of a shard's sequence numbers.
type SequenceNumberRange struct {
	StartingSequenceNumber string
	EndingSequenceNumber   string `json:",omitempty"`
}

// GetShardIteratorInput is the request of GetShardIterator. ShardIteratorType is AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER (with
// StartingSequenceNumber), AT_TIMESTAMP (with Timestamp), TRIM_HORIZON or LATEST.
type GetShardIteratorInput struct {
	StreamName             string `json:",omitempty"`
	StreamARN              string `json:",omitempty"`
	ShardId                string
	ShardIteratorType      string
	StartingSequenceNumber string     `json:",omitempty"`
	Timestamp              *Timestamp `json:",omitempty"`
}

// GetShardIteratorOutput carries an iterator, valid for five minutes.
type GetShardIteratorOutput struct {
	ShardIterator string
}

// GetRecordsInput is the request of GetRecords. Limit is 1 to 10,000; nil means 10,000.
type GetRecordsInput struct {
	ShardIterator string
	Limit         *int   `json:",omitempty"`
	StreamARN     string `json:",omitempty"`
}

// GetRecordsOutput answers GetRecords. NextShardIterator is empty at the end of a closed shard, whose ChildShards are then named.
type GetRecordsOutput struct {
	Records            []Record
	NextShardIterator  string `json:",omitempty"`
	MillisBehindLatest int64
	ChildShards        []ChildShard `json:",omitempty"`
}

// Record is a record as it is read. Data belongs to the engine and must not be changed.
type Record struct {
	SequenceNumber              string
	ApproximateArrivalTimestamp Timestamp
	Data                        []byte
	PartitionKey                string
	EncryptionType              string `json:",omitempty"`
}

// ChildShard is a shard that continues one that was closed by a split or a merge.
type ChildShard struct {
	ShardId      string
	ParentShards []string
	HashKeyRange HashKeyRange
}

// DescribeStreamSummaryInput is the request of DescribeStreamSummary.
type DescribeStreamSummaryInput struct {
	StreamName string `json:",omitempty"`
	StreamARN  string `json:",omitempty"`
}

// DescribeStreamSummaryOutput answers DescribeStreamSummary.
type DescribeStreamSummaryOutput struct {
	StreamDescriptionSummary StreamDescriptionSummary
}

// StreamDescriptionSummary describes a stream without its shards.
type StreamDescriptionSummary struct {
	StreamName              string
	StreamARN               string
	StreamStatus            string
	StreamModeDetails       *StreamModeDetails `json:",omitempty"`
	RetentionPeriodHours    int
	StreamCreationTimestamp Timestamp
	EnhancedMonitoring      []EnhancedMetrics
	EncryptionType          string
	KeyId                   string `json:",omitempty"`
	OpenShardCount          int
	ConsumerCount           int
}

// StreamModeDetails is the capacity mode: ON_DEMAND or PROVISIONED.
type StreamModeDetails struct {
	StreamMode string
}

// EnhancedMetrics lists the shard-level metrics that are on.
type EnhancedMetrics struct {
	ShardLevelMetrics []string
}
