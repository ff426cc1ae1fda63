#!lua
-- One that was given up is tried again. ARGV: 1 id. Returns 1, or 0 where it is none of those.
if redis.call('ZREM', UNDELIVERED, ARGV[1]) == 0 then return 0 end
redis.call('HDEL', owner_key(ARGV[1]), 'hook_tries')
schedule_webhook(ARGV[1], now_ms())
return 1
