#!lua
-- A job enters the ledger, with its document. Refused by Redis itself when memory is full (no allow-oom flag).
-- ARGV: 1 random half of the id, 2 document, 3 idempotency key or '', 4 request hash, 5 its TTL ms,
--       6 most open jobs, 7 most open bytes, 8 grace ms before its message counts as lost, 9 open TTL ms,
--       10 tenant, 11 schema, 12 batch, 13.. further fields of the hash
-- Returns {'created'|'existing'|'conflict'|'quota_jobs'|'quota_bytes', id or current figure}
local now = now_ms()
local id = string.format('%012x', now) .. ARGV[1]

if ARGV[3] ~= '' then
  local held = redis.call('GET', idem_key(ARGV[3]))
  if held then
    local hash, other = string.match(held, '^(%S*) (%S+)$')
    if redis.call('EXISTS', job_key(other)) == 1 then
      if hash ~= ARGV[4] then return { 'conflict', other } end
      return { 'existing', other }
    end
  end
end

local counts = redis.call('HMGET', COUNTS, 'queued', 'running', 'bytes')
local open = tonumber(counts[1] or 0) + tonumber(counts[2] or 0)
if open >= tonumber(ARGV[6]) then return { 'quota_jobs', tostring(open) } end
local bytes = tonumber(counts[3] or 0)
if bytes + #ARGV[2] > tonumber(ARGV[7]) then return { 'quota_bytes', tostring(bytes) } end

redis.call('SADD', 'extractor:tenants', ARGV[10])
redis.call('SET', doc_key(id), ARGV[2])
redis.call('HSET', job_key(id), 'id', id, 'status', 'queued', 'created', ms(now), 'attempt', 0, 'tries', 0,
  'size', #ARGV[2], 'published', ms(now), 'schema', ARGV[11], 'batch', ARGV[12], 'idem', ARGV[3],
  unpack(ARGV, 13))
redis.call('ZADD', INDEX, 0, id)
redis.call('ZADD', index_key('status', 'queued'), 0, id)
redis.call('ZADD', index_key('schema', ARGV[11]), 0, id)
if ARGV[12] ~= '' then redis.call('ZADD', index_key('batch', ARGV[12]), 0, id) end
redis.call('ZADD', QUEUED, ms(now + tonumber(ARGV[8])), id)
redis.call('ZADD', OPEN, ms(now + tonumber(ARGV[9])), id)
if ARGV[3] ~= '' then redis.call('SET', idem_key(ARGV[3]), ARGV[4] .. ' ' .. id, 'PX', ARGV[5]) end
count('accepted', 1)
count('queued', 1)
count('bytes', #ARGV[2])
notify(id, 'queued')
return { 'created', id }
