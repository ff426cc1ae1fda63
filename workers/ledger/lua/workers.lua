#!lua flags=allow-oom
-- The workers that beat within the TTL; the silent ones are forgotten. ARGV: 1 TTL ms.
-- Returns a flat list: ms since its heartbeat, what that said (JSON).
local now, out = now_ms(), {}
for _, id in ipairs(redis.call('ZRANGE', WORKERS, 0, -1)) do
  local age, info = now - tonumber(redis.call('ZSCORE', WORKERS, id)), redis.call('GET', worker_key(id))
  if info and age < tonumber(ARGV[1]) then
    out[#out + 1] = ms(age)
    out[#out + 1] = info
  else
    redis.call('DEL', worker_key(id))
    redis.call('ZREM', WORKERS, id)
    redis.call('ZREM', READY, id)
  end
end
return out
