#!lua flags=allow-oom
-- One reconciler at a time: takes or keeps the lease. ARGV: 1 worker, 2 lease ms. Returns 1 when it is ours.
local now, held = now_ms(), redis.call('HMGET', LEADER, 'worker', 'until')
if held[1] and held[1] ~= ARGV[1] and tonumber(held[2]) > now then return 0 end
redis.call('HSET', LEADER, 'worker', ARGV[1], 'until', ms(now + tonumber(ARGV[2])))
return 1
