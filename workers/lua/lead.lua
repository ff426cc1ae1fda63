#!lua flags=allow-oom
-- One reconciler at a time: takes or keeps the lease. ARGV: 1 worker, 2 lease ms. Returns 1 when it is ours.
local holder = redis.call('GET', 'extractor:reconciler')
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', 'extractor:reconciler', ARGV[1], 'PX', ARGV[2])
return 1
