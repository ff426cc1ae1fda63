#!lua
-- Another secret; the one it takes the place of signs too for a while. ARGV: 1 secret, 2 ms for which the old one holds.
local old = redis.call('HGET', HOOK, 'secret')
redis.call('HSET', HOOK, 'secret', ARGV[1])
if old then
  redis.call('HSET', HOOK, 'before', old, 'until', ms(now_ms() + tonumber(ARGV[2])))
else
  redis.call('HSET', HOOK, 'created', ms(WALL))
end
return old and 1 or 0
