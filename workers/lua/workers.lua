#!lua flags=allow-oom
-- The workers that beat lately; the silent ones are forgotten. Returns a flat list: ms since it beat, what it said.
local now, out = now_ms(), {}
for _, id in ipairs(redis.call('ZRANGE', 'extractor:workers', 0, -1)) do
  local said = redis.call('GET', 'extractor:worker:' .. id)
  if said then
    out[#out + 1] = ms(now - tonumber(redis.call('ZSCORE', 'extractor:workers', id)))
    out[#out + 1] = said
  else
    redis.call('ZREM', 'extractor:workers', id)
    redis.call('ZREM', 'extractor:workers:ready', id)
  end
end
return out
