#!lua flags=no-writes
-- A job as a flat list, empty when unknown. ARGV: 1 id.
return redis.call('HGETALL', job_key(ARGV[1]))
