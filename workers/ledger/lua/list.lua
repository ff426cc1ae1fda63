#!lua flags=no-writes
-- One page, newest first. ARGV: 1 cursor (an id, exclusive) or '', 2 limit, 3 most ids looked at,
-- 4 status or '', 5 schema or '', 6 batch or '', 7 ms after which a silent worker is gone,
-- 8 'open' (marked, and not reviewed), 'done' (reviewed) or ''. Walks the smallest index that a filter names and checks
-- the other filters on the hash, so a page costs at most ARGV[3] reads and may come back short with a cursor.
-- Returns {next cursor or '', job, job, …}; jobs without result and JSON Schema.
local limit, budget = tonumber(ARGV[2]), tonumber(ARGV[3])
local want = { status = ARGV[4], schema = ARGV[5], batch = ARGV[6] }
local walk, size = INDEX, nil
for kind, value in pairs(want) do
  if value ~= '' then
    local n = redis.call('ZCARD', index_key(kind, value))
    if not size or n < size then walk, size = index_key(kind, value), n end
  end
end
local NAMES = { 'id', 'status', 'schema', 'batch', 'created', 'started', 'finished', 'expires', 'attempt', 'options',
  'metadata', 'priority', 'media_type', 'filename', 'size', 'error', 'reason', 'cancel', 'worker', 'custom_id', 'request', 'marked', 'reviewed',
  'progress' }
local now = now_ms()
local all, ready = alive(now, tonumber(ARGV[7]))

local out, last = { '' }, ARGV[1]
while budget > 0 do
  local n = math.min(budget, limit + 1)
  local ids = redis.call('ZREVRANGEBYLEX', walk, last == '' and '+' or '(' .. last, '-', 'LIMIT', 0, n)
  for _, id in ipairs(ids) do
    local values = redis.call('HMGET', job_key(id), unpack(NAMES))
    local job = { id = values[1], status = values[2], schema = values[3], batch = values[4] }
    local fits = job.id and not over(values[8] or batch_expires(job.batch))
    for kind, value in pairs(want) do
      if value ~= '' and job[kind] ~= value then fits = false end
    end
    if ARGV[8] == 'done' and not values[23] then fits = false end
    if ARGV[8] == 'open' and (values[23] or not values[22]) then fits = false end
    if fits then
      if #out > limit then out[1] = last return out end
      local flat = {}
      for i, name in ipairs(NAMES) do
        if values[i] then flat[#flat + 1] = name flat[#flat + 1] = values[i] end
      end
      add_of_batch(flat, id)
      add_waiting(flat, id, now, all, ready)
      out[#out + 1] = shown(flat)
    end
    last, budget = id, budget - 1
  end
  if #ids < n then return out end
end
out[1] = last
return out
