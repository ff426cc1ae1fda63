#!lua
-- Keeps what a worker found of a schema, for all of them. ARGV: 1 its key, 2 the verdict, 3 for how long (ms).
redis.call('SET', verdict_key(ARGV[1]), ARGV[2], 'PX', ARGV[3])
return 1
