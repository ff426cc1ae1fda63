#!lua flags=allow-oom
-- Time is up: open jobs past their age are failed, terminal ones past theirs leave every index.
-- ARGV: 1 most jobs of each, 2 result TTL ms. Returns {failed, erased}.
local now, limit = now_ms(), tonumber(ARGV[1])
local open = redis.call('ZRANGEBYSCORE', OPEN, '-inf', ms(now), 'LIMIT', 0, limit)
for _, id in ipairs(open) do
  local fault = cjson.encode({ code = 'expired', detail = 'No worker finished it in time', retryable = true })
  finish(id, fields(id, 'status')[1], 'failed', now, tonumber(ARGV[2]), { 'error', fault, 'reason', 'expired' })
end
local old = redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', ms(now), 'LIMIT', 0, limit)
for _, member in ipairs(old) do
  local id, schema, batch = unpack(cjson.decode(member))
  redis.call('ZREM', INDEX, id)
  redis.call('ZREM', index_key('schema', schema), id)
  if batch ~= '' then redis.call('ZREM', index_key('batch', batch), id) end
  for _, status in ipairs({ 'succeeded', 'failed', 'cancelled' }) do
    redis.call('ZREM', index_key('status', status), id)
  end
  redis.call('UNLINK', job_key(id), doc_key(id))
  redis.call('ZREM', EXPIRY, member)
end
if redis.call('ZCARD', INDEX) == 0 and redis.call('ZCARD', BATCHES) == 0 and redis.call('ZCARD', DUE) == 0 then
  redis.call('SREM', 'extractor:tenants', string.match(prefix, '{(.*)}'))
end
return { #open, #old }
