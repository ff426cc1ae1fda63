#!lua flags=allow-oom
-- A worker says that it lives, or (ARGV[2] = '') that it leaves. ARGV: 1 worker, 2 what it says of itself (JSON),
-- 3 '1' when it is ready for documents.
local id, now = ARGV[1], ms(now_ms())
if ARGV[3] ~= '1' then redis.call('ZREM', READY, id) end
if ARGV[2] == '' then
  redis.call('DEL', worker_key(id))
  redis.call('ZREM', WORKERS, id)
  return 0
end
redis.call('SET', worker_key(id), ARGV[2])
redis.call('ZADD', WORKERS, now, id)
if ARGV[3] == '1' then redis.call('ZADD', READY, now, id) end
return 1
