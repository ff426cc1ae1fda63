-- Put before every script: the one home of the ledger's keys and of what several transitions share.
-- KEYS[1] is the tenant's prefix `extractor:{tenant}:`; the braces keep one tenant in one hash slot.
--   job:<id>          hash    everything about a job but its document
--   doc:<id>          string  the document's bytes, erased when the job becomes terminal
--   idem:<sha256>     string  "<request hash> <job id>" for an Idempotency-Key, with its TTL
--   index             zset    all ids, score 0: ids begin with their creation time, so they sort by it
--   index:status:<s>  zset    the same by status; likewise index:schema:<ref>, index:batch:<batch>
--   queued:<priority> zset    id -> when to look whether its message is lost, or when a retry is due (ms)
--   running           zset    id -> when its lease ends (ms)
--   waiting:<priority> zset   id -> since when it is queued, or when its retry is due (ms): depth, age and place
--   swept             hash    by priority: how far stale.lua has looked for jobs whose message was overtaken (ms)
--   open              zset    id -> when a job still open is given up (ms)
--   expiry            zset    [id, schema, batch] as JSON -> when a terminal job is erased (ms)
--   counts            hash    accepted succeeded failed cancelled (ever); queued running bytes (now)
--   rate              string  when the tenant's bucket of documents a minute is full again (ms), with its TTL
--   events            channel "<id> <status>" on every transition
--   batches           zset    all batch ids, score 0
--   batch:<id>        hash    a batch: how far its upload is, its counts (kept by the scripts that move its jobs)
--   batch:<id>:errors zset    what is wrong with a refused line, as JSON; the score is the line
--   batch:<id>:ended  list    ids of its jobs in the order in which they ended
--   batch:<id>:custom hash    custom_id -> line, while lines arrive
--   batch:<id>:schemas hash   every schema of its jobs -> its JSON when it is an inline one, else ''
--   due               zset    batch id -> when batch_sweep.lua is to look at it (ms)
-- A batch's id ends in eight zeros; its jobs' ids have the line there, in hex, so that they sort as its lines do and
-- the same line is always the same job.
-- Across tenants: extractor:tenants (set), extractor:published:<priority> (see claim.lua; with :then, what it was; see
-- stale.lua), extractor:workers, extractor:workers:ready, extractor:worker:<id>, extractor:reconciler, extractor:tallies (hash: what ever happened, by
-- kind; one HINCRBY a transition).
local prefix = KEYS[1]

local function now_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function ms(n) return string.format('%.0f', n) end
local function job_key(id) return prefix .. 'job:' .. id end
local function doc_key(id) return prefix .. 'doc:' .. id end
local function idem_key(key) return prefix .. 'idem:' .. key end
local function index_key(kind, value) return prefix .. 'index:' .. kind .. ':' .. value end
local function batch_key(batch, part) return prefix .. 'batch:' .. batch .. (part and ':' .. part or '') end
local function published_key(priority) return 'extractor:published:' .. priority end
local INDEX, RUNNING = prefix .. 'index', prefix .. 'running'
local OPEN, EXPIRY, COUNTS, EVENTS = prefix .. 'open', prefix .. 'expiry', prefix .. 'counts', prefix .. 'events'
local BATCHES, DUE, SWEPT = prefix .. 'batches', prefix .. 'due', prefix .. 'swept'

local function queued_key(priority) return prefix .. 'queued:' .. priority end
local function waiting_key(priority) return prefix .. 'waiting:' .. priority end
local function tally(what, by)
  if by ~= 0 then redis.call('HINCRBY', 'extractor:tallies', what, by) end
end
local function count(field, by) redis.call('HINCRBY', COUNTS, field, by) end
local function notify(id, status) redis.call('PUBLISH', EVENTS, id .. ' ' .. status) end

-- A tenant may bring `rate` documents a minute, a minute's worth of them at once: the generic cell rate algorithm
-- (ITU-T I.371), whose one number says when the bucket is full again. A rate of 0 is none.
local MINUTE, RATE = 60000, prefix .. 'rate'
local function rate_full(now) return math.max(now, tonumber(redis.call('GET', RATE) or 0)) end

-- How many documents there is room for now.
local function rate_room(now, rate)
  if rate == 0 then return math.huge end
  return math.floor((now + MINUTE - rate_full(now)) * rate / MINUTE + 1e-6)
end

-- In how many ms there is room for n, which are a minute's worth at most.
local function rate_wait(now, rate, n)
  return ms(math.max(1, math.ceil(rate_full(now) + n * MINUTE / rate - MINUTE - now - 1e-3)))
end

local function rate_take(now, rate, n)
  if rate == 0 then return end
  local full = rate_full(now) + n * MINUTE / rate
  redis.call('SET', RATE, string.format('%.3f', full), 'PX', ms(math.max(1, math.ceil(full - now))))
end

local function fields(id, ...)
  return redis.call('HMGET', job_key(id), ...)
end

-- The batch named in a job's hash, or nil where there is none to keep.
local function batch_of(name)
  if name and name ~= '' and redis.call('EXISTS', batch_key(name)) == 1 then return name end
end

local function put(flat, name, value)
  if value then
    flat[#flat + 1] = name
    flat[#flat + 1] = value
  end
end

-- What a batch keeps for its jobs: by which request it came (and its trace), and when a job that has ended expires.
local function add_of_batch(flat, id)
  local job = fields(id, 'finished', 'batch')
  local batch = batch_of(job[2])
  if not batch then return end
  local b = redis.call('HMGET', batch_key(batch), 'request', 'trace', 'expires')
  put(flat, 'request', b[1])
  put(flat, 'trace', b[2])
  put(flat, 'expires', job[1] and b[3])
end

local function request_of(id)
  local job = fields(id, 'request', 'batch')
  if job[1] then return job[1] end
  local batch = batch_of(job[2])
  return batch and redis.call('HGET', batch_key(batch), 'request') or ''
end

-- Workers that beat within the TTL: all of them, and those with a loaded model.
local function alive(now, ttl)
  local since = ms(now - ttl)
  return redis.call('ZCOUNT', 'extractor:workers', since, '+inf'),
    redis.call('ZCOUNT', 'extractor:workers:ready', since, '+inf')
end

-- Why a job is to stop: its own withdrawal or its batch's; else false.
local function withdrawn(own, batch)
  return own or (batch ~= nil and redis.call('HGET', batch_key(batch), 'cancel'))
end

-- What a queued job waits for. `all` and `ready` are those of `alive`.
local function add_waiting(flat, id, now, all, ready)
  local job = fields(id, 'priority', 'not_before', 'tries', 'fault', 'batch', 'status')
  if job[6] ~= 'queued' then return end
  put(flat, 'ahead', redis.call('ZRANK', waiting_key(job[1]), id))
  put(flat, 'workers', all)
  put(flat, 'ready', ready)
  put(flat, 'tries', job[3])
  put(flat, 'fault', job[4])
  if job[2] and tonumber(job[2]) > now then put(flat, 'not_before', job[2]) end
  put(flat, 'withdrawn', withdrawn(false, batch_of(job[5])))
end

-- A batch has ended when no line of it can come any more and no job of it is open: the clock of its results starts.
local function settle(batch, now)
  local b = redis.call('HMGET', batch_key(batch), 'queued', 'running', 'received', 'cancel', 'finished', 'erase', 'ttl')
  if tonumber(b[1]) + tonumber(b[2]) > 0 or b[5] or b[6] or not (b[3] or b[4]) then return end
  local expires = ms(now + tonumber(b[7]))
  redis.call('HSET', batch_key(batch), 'finished', ms(now), 'expires', expires)
  redis.call('ZADD', DUE, expires, batch)
end

-- A new job with its document; `more` is a flat list of further hash fields.
local function enter(id, now, document, size, weight, grace, open_ttl, schema, batch, idem, priority, more)
  redis.call('SET', doc_key(id), document)
  redis.call('HSET', job_key(id), 'id', id, 'status', 'queued', 'created', ms(now), 'attempt', 0, 'tries', 0,
    'size', size, 'weight', weight, 'published', ms(now), 'schema', schema, 'batch', batch, 'idem', idem,
    'priority', priority, unpack(more))
  redis.call('ZADD', waiting_key(priority), ms(now), id)
  redis.call('ZADD', INDEX, 0, id)
  redis.call('ZADD', index_key('status', 'queued'), 0, id)
  redis.call('ZADD', index_key('schema', schema), 0, id)
  if batch ~= '' then redis.call('ZADD', index_key('batch', batch), 0, id) end
  redis.call('ZADD', queued_key(priority), ms(now + grace), id)
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

-- Into a terminal status from `queued` or `running`: the document goes, the clock of the result starts. A job of a
-- batch is erased with its batch, whose clock starts at its own end; Redis' expiry is the net below that.
-- `more` is a flat list of further hash fields.
local function finish(id, from, to, now, ttl_ms, more)
  local job = fields(id, 'schema', 'batch', 'size', 'priority', 'weight')
  local batch = batch_of(job[2])
  redis.call('UNLINK', doc_key(id))
  if from == 'queued' then
    redis.call('ZREM', queued_key(job[4]), id)
    redis.call('ZREM', waiting_key(job[4]), id)
  else
    redis.call('ZREM', RUNNING, id)
  end
  redis.call('ZREM', OPEN, id)
  redis.call('HDEL', job_key(id), 'lease', 'cancel', 'json_schema', 'fault', 'weight')
  redis.call('HSET', job_key(id), 'finished', ms(now), unpack(more))
  move(id, batch, from, to)
  count('bytes', 0 - tonumber(job[5] or job[3]))
  local reason = ''
  for i = 1, #more, 2 do
    if more[i] == 'reason' then reason = ':' .. more[i + 1] end
  end
  tally(to == 'failed' and to .. reason or to, 1)
  if batch then
    redis.call('RPUSH', batch_key(batch, 'ended'), id)
    redis.call('PEXPIRE', job_key(id), redis.call('HGET', batch_key(batch), 'keep'))
    settle(batch, now)
  else
    local expires = ms(now + ttl_ms)
    redis.call('HSET', job_key(id), 'expires', expires)
    redis.call('ZADD', EXPIRY, expires, cjson.encode({ id, job[1], job[2] or '' }))
    redis.call('PEXPIREAT', job_key(id), expires)
  end
end

-- Everything about a job goes, whatever its status; an open one counts as cancelled. False for an unknown id.
local function erase(id, now)
  local status = fields(id, 'status')[1]
  if not status then return false end
  if status == 'queued' or status == 'running' then
    finish(id, status, 'cancelled', now, 1000, { 'reason', 'deleted' })
    status = 'cancelled'
  end
  local job = fields(id, 'schema', 'batch', 'idem')
  redis.call('ZREM', INDEX, id)
  redis.call('ZREM', index_key('status', status), id)
  redis.call('ZREM', index_key('schema', job[1]), id)
  if job[2] ~= '' then redis.call('ZREM', index_key('batch', job[2]), id) end
  redis.call('ZREM', EXPIRY, cjson.encode({ id, job[1], job[2] }))
  if job[3] ~= '' then
    local held = redis.call('GET', idem_key(job[3]))
    if held and string.sub(held, -#id) == id then redis.call('DEL', idem_key(job[3])) end
  end
  redis.call('UNLINK', job_key(id), doc_key(id))
  notify(id, 'deleted')
  return true
end

-- Back to `queued`. With no delay the caller publishes its message now, and it counts as lost after `grace`; with one
-- it is claimed by nobody before, and the reconciler publishes it then (published = 0: there is no message).
-- `fault` says what ended the attempt, for a person.
local function requeue(id, now, delay, grace, fault)
  local job = fields(id, 'batch', 'priority')
  redis.call('ZADD', waiting_key(job[2]), ms(now + delay), id)
  redis.call('ZREM', RUNNING, id)
  redis.call('HDEL', job_key(id), 'lease', 'worker')
  if delay > 0 then
    redis.call('ZADD', queued_key(job[2]), ms(now + delay), id)
    redis.call('HSET', job_key(id), 'published', '0', 'not_before', ms(now + delay))
  else
    redis.call('ZADD', queued_key(job[2]), ms(now + grace), id)
    redis.call('HSET', job_key(id), 'published', ms(now))
  end
  redis.call('HSET', job_key(id), 'fault', fault)
  move(id, batch_of(job[1]), 'running', 'queued')
end

local function poison(id, now, ttl_ms, detail)
  local fault = cjson.encode({ code = 'poison', detail = detail, retryable = false })
  finish(id, 'running', 'failed', now, ttl_ms, { 'error', fault, 'reason', 'poison' })
end
