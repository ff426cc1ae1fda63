#!lua flags=allow-oom
-- A batch is to stop, or to be erased; from here on none of its jobs is claimed, and batch_sweep does the rest.
-- ARGV: 1 batch, 2 'cancel' or 'erase', 3 reason. Returns nil for an unknown one, 'finished' for one that has ended
-- and cannot be cancelled, else 'ending'.
local now, key = now_ms(), batch_key(ARGV[1])
local b = redis.call('HMGET', key, 'id', 'erase', 'finished', 'cancel', 'idem')
if not b[1] or b[2] then return nil end
if ARGV[2] == 'cancel' and b[3] and not b[4] then return 'finished' end
if not b[4] and not b[3] then redis.call('HSET', key, 'cancel', ARGV[3]) end
redis.call('UNLINK', batch_key(ARGV[1], 'custom'))
if ARGV[2] == 'erase' then
  redis.call('HSET', key, 'erase', '1')
  redis.call('ZREM', BATCHES, ARGV[1])
  forget_key(b[5], ARGV[1])
end
if ARGV[2] == 'erase' or not b[3] then redis.call('ZADD', DUE, ms(now), ARGV[1]) end
settle(ARGV[1], now)
return 'ending'
