-- A batch has ended when no line of it can come any more and no job of it is open: the clock of its results starts.
local function settle(batch, now)
  local b = redis.call('HMGET', batch_key(batch), 'queued', 'running', 'received', 'cancel', 'finished', 'erase', 'ttl', 'hook')
  if tonumber(b[1]) + tonumber(b[2]) > 0 or b[5] or b[6] or not (b[3] or b[4]) then return end
  local expires = ms(now + tonumber(b[7]))
  redis.call('HSET', batch_key(batch), 'finished', ms(WALL), 'expires', expires)
  redis.call('ZADD', DUE, expires, batch)
  webhook_on_end(batch, b[8], now)
end

-- A new job with its document; `weight` and `kept` are what it counts (quota.lua), `more` is a flat list of further
-- hash fields.
local function enter(id, now, document, size, weight, kept, open_ttl, schema, batch, idem, priority, more)
  redis.call('SET', doc_key(id), document)
  redis.call('HSET', job_key(id), 'id', id, 'status', 'queued', 'created', ms(WALL), 'attempt', 0, 'tries', 0,
    'size', size, 'weight', weight, 'kept', kept, 'published', ms(now), 'schema', schema, 'batch', batch, 'idem', idem,
    'priority', priority, unpack(more))
  line_up(id, priority, now)
  redis.call('ZADD', INDEX, 0, id)
  redis.call('ZADD', index_key('status', 'queued'), 0, id)
  redis.call('ZADD', index_key('schema', schema), 0, id)
  if batch ~= '' then redis.call('ZADD', index_key('batch', batch), 0, id) end
  redis.call('ZADD', OPEN, ms(now + open_ttl), id)
end

-- From one status to the next: hash, status index and counts together, so that they cannot disagree.
local function move(id, batch, from, to)
  redis.call('HSET', job_key(id), 'status', to)
  redis.call('ZREM', index_key('status', from), id)
  redis.call('ZADD', index_key('status', to), 0, id)
  count(from, -1)
  count(to, 1)
  if batch then
    redis.call('HINCRBY', batch_key(batch), from, -1)
    redis.call('HINCRBY', batch_key(batch), to, 1)
  end
  notify(id, to)
end

-- Something is gone that still stands in the store's append-only file: since when, for rewrite.lua.
local function gone() redis.call('HSETNX', ERASING, 'since', ms(NOW)) end

-- Into a terminal status from `queued` or `running`: the document goes, the clock of the result starts. A job of a
-- batch is erased with its batch, whose clock starts at its own end.
-- `more` is a flat list of further hash fields.
local function finish(id, from, to, now, ttl_ms, more)
  local job = fields(id, 'batch', 'size', 'priority', 'weight', 'kept', 'published', 'hook')
  local batch = batch_of(job[1])
  redis.call('UNLINK', doc_key(id))
  gone()
  if from == 'queued' then
    leave_line(id, job[3])
  else
    redis.call('ZREM', RUNNING, id)
  end
  redis.call('ZREM', OPEN, id)
  redis.call('HDEL', job_key(id), 'lease', 'cancel', 'json_schema', 'fault', 'weight', 'password', 'parked', 'progress')
  local reason, result = '', 0
  for i = 1, #more, 2 do
    if more[i] == 'reason' then reason = ':' .. more[i + 1] end
    if more[i] == 'marked' then tally('marked', 1) end
    result = result + #more[i + 1]
  end
  redis.call('HSET', job_key(id), 'finished', ms(WALL), 'kept', tonumber(job[5] or 0) + result, unpack(more))
  move(id, batch, from, to)
  charge(0 - tonumber(job[4] or job[2]), result)
  if from == 'queued' and job[6] ~= '0' then count('orphans', 1) end
  tally(to == 'failed' and to .. reason or to, 1)
  observe('total:' .. job[3] .. ':' .. to, posted(id) or now)
  if batch then
    redis.call('RPUSH', batch_key(batch, 'ended'), id)
    settle(batch, now)
  else
    local expires = ms(now + ttl_ms)
    redis.call('HSET', job_key(id), 'expires', expires)
    redis.call('ZADD', EXPIRY, expires, id)
    webhook_on_end(id, job[7], now)
  end
end

-- The Idempotency-Key that made this job or batch, where it has not made another since.
local function forget_key(key, id)
  local held = key and key ~= '' and redis.call('GET', idem_key(key))
  if not held or string.sub(held, -#id) ~= id then return end
  redis.call('DEL', idem_key(key))
  redis.call('ZREM', IDEMS, key)
end

local function leave_indexes(id, schema, batch)
  redis.call('ZREM', INDEX, id)
  redis.call('ZREM', index_key('schema', schema), id)
  if batch ~= '' then redis.call('ZREM', index_key('batch', batch), id) end
end

-- Everything about a job goes, whatever its status; an open one counts as cancelled. False for an unknown id.
local function erase(id, now)
  local status = fields(id, 'status')[1]
  if not status then return false end
  if status == 'queued' or status == 'running' then
    finish(id, status, 'cancelled', now, 1000, { 'reason', 'deleted' })
    status = 'cancelled'
  end
  local job = fields(id, 'schema', 'batch', 'idem', 'kept')
  redis.call('ZREM', index_key('status', status), id)
  leave_indexes(id, job[1], job[2])
  redis.call('ZREM', EXPIRY, id)
  forget_key(job[3], id)
  forget_webhook(id)
  redis.call('UNLINK', job_key(id), doc_key(id))
  gone()
  local left = batch_of(job[2]) and ENDED or 0
  if left > 0 then redis.call('HINCRBY', batch_key(job[2]), 'held', left) end
  charge(0, left - tonumber(job[4] or 0))
  notify(id, 'deleted')
  return true
end

-- It is claimed by nobody before.
local function put_off(id, priority, until_ms)
  step_out(id, priority, until_ms)
  redis.call('HSET', job_key(id), 'not_before', ms(until_ms))
end

-- Back to `queued`. With no delay the caller publishes a message now. `fault` says what ended the attempt, for a person.
local function requeue(id, now, delay, fault)
  local job = fields(id, 'batch', 'priority')
  redis.call('ZREM', RUNNING, id)
  redis.call('HDEL', job_key(id), 'lease', 'worker', 'parked', 'progress')
  if delay > 0 then put_off(id, job[2], now + delay) else line_up_again(id, job[2], now) end
  redis.call('HSET', job_key(id), 'fault', fault)
  move(id, batch_of(job[1]), 'running', 'queued')
end

local function poison(id, now, ttl_ms, detail)
  local fault = cjson.encode({ code = 'poison', detail = detail, retryable = false })
  finish(id, 'running', 'failed', now, ttl_ms, { 'error', fault, 'reason', 'poison' })
end
