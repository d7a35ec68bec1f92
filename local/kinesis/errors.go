package kinesis

import "transactional-outbox/local/awsapi"

// The errors of more than one operation, in AWS's words.

func (e *Engine) noStream(name string) error {
	return awsapi.Errorf("ResourceNotFoundException", "Stream %s under account %s not found.", name, e.opts.Account)
}

// noShard is what readers of a shard are told.
func (e *Engine) noShard(stream, shard string) error {
	return awsapi.Errorf("ResourceNotFoundException", "Shard %s in stream %s under account %s does not exist", shard, stream, e.opts.Account)
}

// missingShard is what those who change shards are told.
func (e *Engine) missingShard(stream, shard string) error {
	return awsapi.Errorf("ResourceNotFoundException", "Could not find shard %s in stream %s under account %s.", shard, stream, e.opts.Account)
}

func invalidArgument(format string, args ...any) error {
	return awsapi.Errorf("InvalidArgumentException", format, args...)
}

func invalid(format string, args ...any) error {
	return awsapi.Errorf("ValidationException", format, args...)
}
