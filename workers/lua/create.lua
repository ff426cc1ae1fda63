#!lua
-- A job enters the ledger, with its document. Refused by Redis itself when memory is full (no allow-oom flag).
-- ARGV: 1 random half of the id, 2 document as it is kept, 3 its size as sent, 4 idempotency key or '',
--       5 request hash, 6 its TTL ms, 7 most open jobs, 8 most open bytes, 9 documents a minute or 0, 10 grace ms
--       before its message counts as lost, 11 open TTL ms, 12 tenant, 13 schema, 14 batch, 15 priority, 16 what of
--       it counts as bytes, 17.. further fields of the hash
-- Returns {'created', id, when (ms)}, {'existing'|'conflict', id}, or {'quota_jobs'|'quota_bytes', current figure} or {'quota_rate', ms
-- to wait}
local now, weight = now_ms(), tonumber(ARGV[16])
local id = string.format('%012x', now) .. ARGV[1]

if ARGV[4] ~= '' then
  local held = redis.call('GET', idem_key(ARGV[4]))
  if held then
    local hash, other = string.match(held, '^(%S*) (%S+)$')
    local job = fields(other, 'id', 'expires')
    if job[1] and not over(job[2]) then
      if hash ~= ARGV[5] then return { 'conflict', other } end
      return { 'existing', other }
    end
  end
end

local counts = redis.call('HMGET', COUNTS, 'queued', 'running', 'bytes')
local open = tonumber(counts[1] or 0) + tonumber(counts[2] or 0)
if open >= tonumber(ARGV[7]) then return { 'quota_jobs', tostring(open) } end
local bytes = tonumber(counts[3] or 0)
if bytes + weight > tonumber(ARGV[8]) then return { 'quota_bytes', tostring(bytes) } end
local rate = tonumber(ARGV[9])
if rate_room(now, rate) < 1 then return { 'quota_rate', rate_wait(now, rate, 1) } end
rate_take(now, rate, 1)

redis.call('SADD', 'extractor:tenants', ARGV[12])
enter(id, now, ARGV[2], ARGV[3], weight, tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[13], ARGV[14], ARGV[4], ARGV[15],
  { unpack(ARGV, 17) })
if ARGV[4] ~= '' then 
  redis.call('SET', idem_key(ARGV[4]), ARGV[5] .. ' ' .. id)
  redis.call('ZADD', IDEMS, ms(now + tonumber(ARGV[6])), ARGV[4])
end
count('accepted', 1)
tally('accepted', 1)
count('queued', 1)
count('bytes', weight)
notify(id, 'queued')
return { 'created', id, ms(WALL) }
