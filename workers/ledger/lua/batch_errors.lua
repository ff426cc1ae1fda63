#!lua flags=no-writes
-- Refused lines of a batch, in their order: a flat list of JSON and line. ARGV: 1 batch, 2 the line before, 3 limit.
return redis.call('ZRANGEBYSCORE', batch_key(ARGV[1], 'errors'), '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
