#!lua
-- An upload of a batch begins, or begins again under its Idempotency-Key: one that comes later puts out the earlier,
-- whose lines are refused from here on.
-- ARGV: 1 random part of the id, 2 idempotency key or '', 3 hash of the upload's parameters, 4 ms within which the
--       upload is to be whole, 5 result TTL ms, 6 tenant, 7 default schema or '', 8 the request's id or '',
--       9 its trace or ''
--       10 most kept bytes, 11 share, 12 its webhook (JSON) or ''
-- Returns {'conflict', id}, {the name of a quota, its counts} or {'open'|'received'|'cancelled', id, upload, lines,
-- digest of them}
local now, batch = now_ms(), nil
if ARGV[2] ~= '' then
  local held = redis.call('GET', idem_key(ARGV[2]))
  if held then
    local hash, other = string.match(held, '^(%S*) (%S+)$')
    local b = redis.call('HMGET', batch_key(other), 'id', 'erase', 'expires')
    if b[1] and not b[2] and not over(b[3]) then
      if hash ~= ARGV[3] then return { 'conflict', other } end
      batch = other
    end
  end
end
if not batch then
  local held = BATCH + #ARGV[7] + #ARGV[8] + #ARGV[9] + #ARGV[12]
  local c, most = quotas(0, 0, ARGV[10], ARGV[11])
  most.bytes = math.huge
  local quota, counts = full(c, most, 0, 0, held)
  if quota then return { quota, counts } end
  batch = string.format('%012x', now) .. ARGV[1] .. '00000000'
  redis.call('SADD', 'extractor:tenants', ARGV[6])
  redis.call('HSET', batch_key(batch), 'id', batch, 'created', ms(WALL), 'schema', ARGV[7], 'idem', ARGV[2],
    'ttl', ARGV[5], 'held', held, 'upload', 0, 'lines', 0, 'digest', '', 'refused', 0, 'accepted', 0, 'queued', 0,
    'running', 0, 'succeeded', 0, 'failed', 0, 'cancelled', 0, 'hook', ARGV[12])
  charge(0, held)
  redis.call('ZADD', BATCHES, 0, batch)
  redis.call('ZADD', DUE, ms(now + tonumber(ARGV[4])), batch)
  if ARGV[2] ~= '' then redis.call('SET', idem_key(ARGV[2]), ARGV[3] .. ' ' .. batch) end
end
local b = redis.call('HMGET', batch_key(batch), 'cancel', 'received', 'lines', 'digest')
if not b[2] and ARGV[8] ~= '' then redis.call('HSET', batch_key(batch), 'request', ARGV[8]) end
if not b[2] and ARGV[9] ~= '' then redis.call('HSET', batch_key(batch), 'trace', ARGV[9]) end
local outcome = b[1] and 'cancelled' or b[2] and 'received' or 'open'
return { outcome, batch, redis.call('HINCRBY', batch_key(batch), 'upload', 1), b[3], b[4] }
