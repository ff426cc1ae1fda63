#!lua
-- A job enters the ledger, with its document. Refused by Redis itself when memory is full (no allow-oom flag).
-- ARGV: 1 random half of the id, 2 document as it is kept, 3 its size as sent, 4 idempotency key or '',
--       5 request hash, 6 its TTL ms, 7 most open jobs, 8 most open bytes, 9 most kept bytes, 10 share, 11 documents a
--       minute or 0, 12 open TTL ms, 13 tenant, 14 schema, 15 batch, 16 priority, 17 bytes until it ends, 18 bytes
--       until it is erased, 19.. further fields of the hash
-- Returns {'created', id, when (ms)}, {'existing'|'conflict', id}, {the name of a quota, its counts: see quota.lua's
-- `full`} or {'quota_rate', ms to wait}
local now, weight, kept = now_ms(), tonumber(ARGV[17]), JOB + tonumber(ARGV[18])
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

local c, most = quotas(ARGV[7], ARGV[8], ARGV[9], ARGV[10])
local quota, counts = full(c, most, 1, weight, kept)
if quota then return { quota, counts } end
local rate = tonumber(ARGV[11])
if rate_room(now, rate) < 1 then return { 'quota_rate', rate_wait(now, rate, 1) } end
rate_take(now, rate, 1)

redis.call('SADD', 'extractor:tenants', ARGV[13])
enter(id, now, ARGV[2], ARGV[3], weight, kept, tonumber(ARGV[12]), ARGV[14], ARGV[15], ARGV[4], ARGV[16],
  { unpack(ARGV, 19) })
if ARGV[4] ~= '' then
  redis.call('SET', idem_key(ARGV[4]), ARGV[5] .. ' ' .. id)
  redis.call('ZADD', IDEMS, ms(now + tonumber(ARGV[6])), ARGV[4])
end
count('accepted', 1)
tally('accepted', 1)
count('queued', 1)
charge(weight, kept)
notify(id, 'queued')
return { 'created', id, ms(WALL) }
