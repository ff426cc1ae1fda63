#!lua flags=allow-oom
-- A worker says that it lives, or (ARGV[2] = '') that it leaves. ARGV: 1 worker, 2 what it says of itself (JSON),
-- 3 TTL ms.
if ARGV[2] == '' then
  redis.call('DEL', 'extractor:worker:' .. ARGV[1])
  redis.call('ZREM', 'extractor:workers', ARGV[1])
  return 0
end
redis.call('SET', 'extractor:worker:' .. ARGV[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', 'extractor:workers', ms(now_ms()), ARGV[1])
return 1
