#!lua flags=allow-oom
-- A slice of the work on a batch that is due: its queued jobs are cancelled, or it is erased because that was asked
-- or its time is over. One whose upload was never completed is cancelled. ARGV: 1 batch, or '' for the first one due,
-- 2 most jobs. Returns 1 when there may be more to do, else 0.
local now, limit, batch = now_ms(), tonumber(ARGV[2]), ARGV[1]
if batch == '' then batch = redis.call('ZRANGEBYSCORE', DUE, '-inf', ms(now), 'LIMIT', 0, 1)[1] end
if not batch then return 0 end
local key, walk = batch_key(batch), index_key('batch', batch)
local b = redis.call('HMGET', key, 'id', 'erase', 'expires', 'cancel', 'received', 'swept', 'idem')

if not b[1] or b[2] or (b[3] and tonumber(b[3]) <= now) then
  if b[1] and not b[2] then redis.call('HSET', key, 'erase', '1') end
  redis.call('ZREM', BATCHES, batch)
  local ids = redis.call('ZRANGEBYLEX', walk, '-', '+', 'LIMIT', 0, limit)
  for _, id in ipairs(ids) do erase(id, now) end
  if #ids == limit then return 1 end
  charge(0, 0 - tonumber(redis.call('HGET', key, 'held') or 0))
  forget_key(b[7], batch)
  forget_webhook(batch)
  redis.call('UNLINK', key, walk, batch_key(batch, 'errors'), batch_key(batch, 'ended'), batch_key(batch, 'custom'),
    batch_key(batch, 'schemas'))
  gone()
  redis.call('ZREM', DUE, batch)
  return ARGV[1] == '' and 1 or 0
end

local why, ids = b[4], {}
if not why and not b[5] then
  why = 'upload_abandoned'
  redis.call('HSET', key, 'cancel', why)
  redis.call('UNLINK', batch_key(batch, 'custom'))
end
if why and not b[3] then
  ids = redis.call('ZRANGEBYLEX', walk, b[6] and '(' .. b[6] or '-', '+', 'LIMIT', 0, limit)
  for _, id in ipairs(ids) do
    if fields(id, 'status')[1] == 'queued' then finish(id, 'queued', 'cancelled', now, 0, { 'reason', why }) end
  end
  if #ids > 0 then redis.call('HSET', key, 'swept', ids[#ids]) end
end
settle(batch, now)
local expires = redis.call('HGET', key, 'expires')
if expires then
  redis.call('ZADD', DUE, expires, batch)
elseif #ids < limit then
  redis.call('ZREM', DUE, batch)  -- settle brings it back when the last running job has ended
end
if ARGV[1] == '' then return 1 end
return #ids == limit and 1 or 0
