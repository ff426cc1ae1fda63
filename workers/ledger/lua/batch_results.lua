#!lua flags=no-writes
-- Jobs of a batch that have ended. ARGV: 1 batch, 2 'input' or 'finished', 3 where to begin (the line or the place
-- before), 4 most jobs looked at, 5 bytes of results after which the page is full.
-- Returns {where to go on or '', job as a flat list, …}.
local batch, after, limit, room = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local ids
if ARGV[2] == 'input' then
  local from = '(' .. string.sub(batch, 1, 24) .. string.format('%08x', after)
  ids = redis.call('ZRANGEBYLEX', index_key('batch', batch), from, '+', 'LIMIT', 0, limit)
else
  ids = redis.call('LRANGE', batch_key(batch, 'ended'), after, after + limit - 1)
end
local out = { '' }
for place, id in ipairs(ids) do
  local job = fields(id, 'finished', 'result')
  if job[1] then
    local flat = redis.call('HGETALL', job_key(id))
    add_of_batch(flat, id)
    out[#out + 1] = shown(flat)
    room = room - #(job[2] or '')
  end
  if (room <= 0 or place == limit) and (place < #ids or #ids == limit) then
    out[1] = ARGV[2] == 'input' and tostring(tonumber(string.sub(id, 25), 16)) or tostring(after + place)
    break
  end
end
return out
