#!lua flags=allow-oom
-- Somebody was told, or was not. ARGV: 1 id, 2 what went wrong or '', 3 ms until it is tried again, or '' for no more.
local id, now = ARGV[1], now_ms()
local key = owner_key(id)
if redis.call('EXISTS', key) == 0 then forget_webhook(id) return end
if ARGV[2] == '' then
  forget_webhook(id)
  redis.call('HDEL', key, 'hook_tries', 'hook_fault', 'hook_since')
  tally('webhook_delivered', 1)
  return
end
redis.call('HSET', key, 'hook_fault', ARGV[2])
redis.call('HSETNX', key, 'hook_since', ms(now))
redis.call('HINCRBY', key, 'hook_tries', 1)
tally('webhook_failed', 1)
if ARGV[3] ~= '' then return schedule_webhook(id, now + tonumber(ARGV[3])) end
redis.call('ZREM', HOOKS, id)
redis.call('ZADD', UNDELIVERED, ms(now), id)
tally('webhook_given_up', 1)
