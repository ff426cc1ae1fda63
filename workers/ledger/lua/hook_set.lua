#!lua
-- The tenant's own webhook is set, or with '' taken away. ARGV: 1 url or '', 2 '1' with the result, 3 tenant.
-- Returns 0 where there is no secret yet, and nothing was set.
if redis.call('HEXISTS', HOOK, 'secret') == 0 then return 0 end
if ARGV[1] == '' then
  redis.call('HDEL', HOOK, 'url', 'result')
else
  redis.call('HSET', HOOK, 'url', ARGV[1], 'result', ARGV[2])
end
return 1
