#!lua flags=no-writes
-- accepted = succeeded + failed + cancelled + queued + running, at any moment. Returns the hash as a flat list.
return redis.call('HGETALL', COUNTS)
