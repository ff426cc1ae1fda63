#!lua flags=no-writes,allow-oom
-- What a worker found of a schema. ARGV: 1 its key. Returns the verdict, or nil.
return redis.call('GET', verdict_key(ARGV[1]))
