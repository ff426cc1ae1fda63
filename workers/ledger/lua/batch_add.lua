#!lua
-- The next lines of a batch, together or, from the first one that the quota has no room for, not: each becomes a job
-- or an entry of the errors. Lines that the batch has already are passed over, so a slice may come twice. Refused by
-- Redis itself when memory is full.
-- ARGV: 1 batch, 2 upload, 3 most open jobs, 4 most open bytes, 5 most kept bytes, 6 share, 7 documents a minute or 0,
--       8 open TTL ms, 9 number of schemas, then for each: name, JSON or ''; then for each line: line,
--       digest up to it, and
--       'error', what is wrong as JSON   or
--       'job', custom_id, schema, size as sent, document as kept, priority, bytes until it ends, bytes until it is
--       erased, number of further hash fields, those fields
-- Returns {'added' or the name of a quota, its counts (quota.lua's `full`), lines of the batch, id, id, …}, or
-- {'superseded'|'cancelled'|'gone'} when this upload may write no more. The count of the rate is the ms until a whole
-- minute's documents have room: the upload comes again from its first line, so it should get far.
local now, batch, key = now_ms(), ARGV[1], batch_key(ARGV[1])
local b = redis.call('HMGET', key, 'upload', 'lines', 'received', 'cancel', 'erase')
if not b[1] or b[5] then return { 'gone' } end
if b[4] then return { 'cancelled' } end
if b[1] ~= ARGV[2] or b[3] then return { 'superseded' } end

local c, most = quotas(ARGV[3], ARGV[4], ARGV[5], ARGV[6])
local rate, open_ttl, head = tonumber(ARGV[7]), tonumber(ARGV[8]), string.sub(batch, 1, 24)
local room, before, held = rate_room(now, rate), { bytes = c.bytes, kept = c.kept }, 0  -- held: by the batch itself
local schemas, at = {}, 10
for _ = 1, tonumber(ARGV[9]) do
  schemas[ARGV[at]] = ARGV[at + 1]
  at = at + 2
end

local out, digest, added, refused = { 'added', '0', b[2] }, nil, 0, 0

-- Whether there is room; if not, that is the answer.
local function fits(jobs, bytes, kept)
  local quota, counts = full(c, most, jobs, bytes, kept)
  if quota then out[1], out[2] = quota, counts end
  return not quota
end

-- An entry of the errors, if there is room.
local function refuse(line, error)
  if not fits(0, 0, #error + LINE) then return false end
  redis.call('ZADD', batch_key(batch, 'errors'), line, error)
  add(c, 0, 0, #error + LINE)
  refused, held = refused + 1, held + #error + LINE
  return true
end

-- The schema of a line is kept once for the batch: what that takes if it is the first.
local function schema_room(name)
  if redis.call('HEXISTS', batch_key(batch, 'schemas'), name) == 1 then return 0 end
  return #name + #schemas[name] + SCHEMA
end

local function duplicate(line, custom)
  local first = redis.call('HGET', batch_key(batch, 'custom'), custom)
  if not first then return end
  local what = 'Line ' .. first .. ' has the same custom_id'
  return cjson.encode({ line = tonumber(line), custom_id = custom,
    error = { code = 'duplicate_custom_id', detail = what, retryable = false,
      errors = { { pointer = '/custom_id', detail = what } } } })
end

-- The job of a line (its arguments begin at `i`), or an entry of the errors; false when there is no room.
local function take(line, i)
  local custom, schema, weight, kept = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 5]), JOB + tonumber(ARGV[i + 6])
  local twice = duplicate(line, custom)
  if twice then return refuse(line, twice) end
  local own = schema_room(schema)
  if not fits(1, weight, kept + own) then return false end
  if added >= room then
    out[1] = 'quota_rate'
    return false
  end
  redis.call('HSET', batch_key(batch, 'custom'), custom, line)
  if own > 0 then redis.call('HSET', batch_key(batch, 'schemas'), schema, schemas[schema]) end
  local id = head .. string.format('%08x', tonumber(line))
  enter(id, now, ARGV[i + 3], ARGV[i + 2], weight, kept, open_ttl, schema, batch, '', ARGV[i + 4],
    { unpack(ARGV, i + 8, i + 7 + tonumber(ARGV[i + 7])) })
  add(c, 1, weight, kept + own)
  held, added, out[#out + 1] = held + own, added + 1, id
  return true
end

while at <= #ARGV do
  local line, known, wrong = ARGV[at], tonumber(ARGV[at]) <= tonumber(b[2]), ARGV[at + 2] == 'error'
  if not known then
    local taken
    if wrong then taken = refuse(line, ARGV[at + 3]) else taken = take(line, at + 3) end
    if not taken then break end
    digest, out[3] = ARGV[at + 1], line
  end
  at = at + (wrong and 4 or 11 + tonumber(ARGV[at + 10]))
end
if added > 0 then rate_take(now, rate, added) end
if out[1] == 'quota_rate' then out[2] = rate_wait(now, rate, rate) end
if digest then
  redis.call('HSET', key, 'lines', out[3], 'digest', digest)
  for name, by in pairs({ accepted = added, queued = added, refused = refused, held = held }) do
    redis.call('HINCRBY', key, name, by)
  end
  count('accepted', added)
  tally('accepted', added)
  count('queued', added)
  charge(c.bytes - before.bytes, c.kept - before.kept)
end
return out
