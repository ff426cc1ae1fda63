#!lua
-- The next lines of a batch, together or, from the first one that the quota has no room for, not: each becomes a job
-- or an entry of the errors. Lines that the batch has already are passed over, so a slice may come twice. Refused by
-- Redis itself when memory is full.
-- ARGV: 1 batch, 2 upload, 3 most open jobs, 4 most open bytes, 5 documents a minute or 0, 6 grace ms, 7 open TTL ms,
--       8 number of schemas, then for each: name, JSON or ''; then for each line: line, digest up to it, and
--       'error', what is wrong as JSON   or
--       'job', custom_id, schema, size as sent, document as kept, priority, what of it counts as bytes, number of
--       further hash fields, those fields
-- Returns {'added'|'quota_jobs'|'quota_bytes'|'quota_rate', figure, lines of the batch, id, id, …}, or {'superseded'|
-- 'cancelled'|'gone'} when this upload may write no more. The figure of the rate is the ms until a whole minute's
-- documents have room: the upload comes again from its first line, so it should get far.
local now, batch, key = now_ms(), ARGV[1], batch_key(ARGV[1])
local b = redis.call('HMGET', key, 'upload', 'lines', 'received', 'cancel', 'erase')
if not b[1] or b[5] then return { 'gone' } end
if b[4] then return { 'cancelled' } end
if b[1] ~= ARGV[2] or b[3] then return { 'superseded' } end

local counts = redis.call('HMGET', COUNTS, 'queued', 'running', 'bytes')
local open, bytes = tonumber(counts[1] or 0) + tonumber(counts[2] or 0), tonumber(counts[3] or 0)
local grace, open_ttl, head = tonumber(ARGV[6]), tonumber(ARGV[7]), string.sub(batch, 1, 24)
local rate = tonumber(ARGV[5])
local room, at = rate_room(now, rate), 9
local held = 0  -- bytes that stay until the batch is erased: schemas and what was wrong with lines
for _ = 1, tonumber(ARGV[8]) do
  if redis.call('HSETNX', batch_key(batch, 'schemas'), ARGV[at], ARGV[at + 1]) == 1 then held = held + #ARGV[at + 1] end
  at = at + 2
end

local out, digest, added, refused, bytes_before = { 'added', '0', b[2] }, nil, 0, 0, bytes
while at <= #ARGV do
  local line = ARGV[at]
  if tonumber(line) <= tonumber(b[2]) then
    at = at + (ARGV[at + 2] == 'error' and 4 or 10 + tonumber(ARGV[at + 9]))
  elseif ARGV[at + 2] == 'error' then
    if bytes + held + #ARGV[at + 3] > tonumber(ARGV[4]) then out[1], out[2] = 'quota_bytes', tostring(bytes) break end
    redis.call('ZADD', batch_key(batch, 'errors'), line, ARGV[at + 3])
    held = held + #ARGV[at + 3]
    refused, digest, out[3] = refused + 1, ARGV[at + 1], line
    at = at + 4
  else
    local custom, weight, more = ARGV[at + 3], tonumber(ARGV[at + 8]), tonumber(ARGV[at + 9])
    if open >= tonumber(ARGV[3]) then out[1], out[2] = 'quota_jobs', tostring(open) break end
    if bytes + held + weight > tonumber(ARGV[4]) then out[1], out[2] = 'quota_bytes', tostring(bytes) break end
    if added >= room then out[1] = 'quota_rate' break end
    if redis.call('HSETNX', batch_key(batch, 'custom'), custom, line) == 0 then
      local first = redis.call('HGET', batch_key(batch, 'custom'), custom)
      local what = 'Line ' .. first .. ' has the same custom_id'
      local said = cjson.encode({ line = tonumber(line), custom_id = custom,
        error = { code = 'duplicate_custom_id', detail = what, retryable = false,
          errors = { { pointer = '/custom_id', detail = what } } } })
      redis.call('ZADD', batch_key(batch, 'errors'), line, said)
      refused, held = refused + 1, held + #said
    else
      local id = head .. string.format('%08x', tonumber(line))
      enter(id, now, ARGV[at + 6], ARGV[at + 5], weight, grace, open_ttl, ARGV[at + 4], batch, '', ARGV[at + 7],
        { unpack(ARGV, at + 10, at + 9 + more) })
      open, bytes, added = open + 1, bytes + weight, added + 1
      out[#out + 1] = id
    end
    digest, out[3] = ARGV[at + 1], line
    at = at + 10 + more
  end
end
if added > 0 then rate_take(now, rate, added) end
if out[1] == 'quota_rate' then out[2] = rate_wait(now, rate, rate) end
if digest then
  redis.call('HSET', key, 'lines', out[3], 'digest', digest)
  for name, by in pairs({ accepted = added, queued = added, refused = refused }) do redis.call('HINCRBY', key, name, by) end
  count('accepted', added)
  tally('accepted', added)
  count('queued', added)
  count('bytes', bytes - bytes_before)
end
if held > 0 then
  count('bytes', held)
  redis.call('HINCRBY', key, 'held', held)
end
return out
