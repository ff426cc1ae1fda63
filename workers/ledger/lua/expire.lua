#!lua flags=allow-oom
-- Time is up: open jobs past their age are failed, ended ones past theirs are erased, Idempotency-Keys forgotten.
-- ARGV: 1 most of each, 2 result TTL ms. Returns {failed, erased, keys forgotten}.
local now, limit = now_ms(), tonumber(ARGV[1])
local function due(key) return redis.call('ZRANGEBYSCORE', key, '-inf', ms(now), 'LIMIT', 0, limit) end

local open = due(OPEN)
for _, id in ipairs(open) do
  local fault = cjson.encode({ code = 'expired', detail = 'No worker finished it in time', retryable = true })
  finish(id, fields(id, 'status')[1], 'failed', now, tonumber(ARGV[2]), { 'error', fault, 'reason', 'expired' })
end
local old = due(EXPIRY)
for _, entry in ipairs(old) do
  if string.sub(entry, 1, 1) ~= '[' then
    erase(entry, now)
  else  -- of an earlier version: [id, schema, batch]; Redis itself has expired the job by now
    local id, schema, batch = unpack(cjson.decode(entry))
    leave_indexes(id, schema, batch)
    for _, status in ipairs({ 'succeeded', 'failed', 'cancelled' }) do redis.call('ZREM', index_key('status', status), id) end
    redis.call('UNLINK', job_key(id))
    gone()
    redis.call('ZREM', EXPIRY, entry)
  end
end
local keys = due(IDEMS)
for _, key in ipairs(keys) do
  redis.call('DEL', idem_key(key))
  redis.call('ZREM', IDEMS, key)
end
if redis.call('ZCARD', INDEX) == 0 and redis.call('ZCARD', BATCHES) == 0 and redis.call('ZCARD', DUE) == 0 then
  redis.call('SREM', 'extractor:tenants', tenant())
  redis.call('DEL', prefix .. 'swept')  -- of an earlier version
  if rate_full(now) == now then redis.call('DEL', RATE) end
end
return { #open, #old, #keys }
