#!lua
-- One that was given up is tried again. ARGV: 1 id. Returns 1, or 0 where it is none of those.
if redis.call('ZREM', UNDELIVERED, ARGV[1]) == 0 then return 0 end
redis.call('HDEL', told_of(ARGV[1]), 'hook_tries')
tell_at(ARGV[1], now_ms())
return 1
