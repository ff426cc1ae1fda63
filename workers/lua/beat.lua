#!lua flags=allow-oom
-- A worker says that it lives, or (ARGV[2] = '') that it leaves. ARGV: 1 worker, 2 what it says of itself (JSON),
-- 3 TTL ms, 4 '1' when it is ready for documents.
local id, now = ARGV[1], ms(now_ms())
if ARGV[4] ~= '1' then redis.call('ZREM', 'extractor:workers:ready', id) end
if ARGV[2] == '' then
  redis.call('DEL', 'extractor:worker:' .. id)
  redis.call('ZREM', 'extractor:workers', id)
  return 0
end
redis.call('SET', 'extractor:worker:' .. id, ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', 'extractor:workers', now, id)
if ARGV[4] == '1' then redis.call('ZADD', 'extractor:workers:ready', now, id) end
return 1
