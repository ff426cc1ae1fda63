#!lua flags=allow-oom
-- The upload of a batch has come to its end: no line follows. ARGV: 1 batch, 2 upload.
-- Returns 'received', or 'superseded', 'cancelled', 'gone' as batch_add does.
local now, key = now_ms(), batch_key(ARGV[1])
local b = redis.call('HMGET', key, 'upload', 'received', 'cancel', 'erase')
if not b[1] or b[4] then return 'gone' end
if b[3] then return 'cancelled' end
if b[1] ~= ARGV[2] then return 'superseded' end
if not b[2] then
  redis.call('HSET', key, 'received', ms(WALL))
  redis.call('UNLINK', batch_key(ARGV[1], 'custom'))
  redis.call('ZREM', DUE, ARGV[1])
  settle(ARGV[1], now)
end
return 'received'
