-- Put before every script: the one home of the ledger's keys and of what several transitions share.
-- KEYS[1] is the tenant's prefix `extractor:{tenant}:`; the braces keep one tenant in one hash slot.
--   job:<id>          hash    everything about a job but its document
--   doc:<id>          string  the document's bytes, erased when the job becomes terminal
--   idem:<sha256>     string  "<request hash> <job id>" for an Idempotency-Key, with its TTL
--   index             zset    all ids, score 0: ids begin with their creation time, so they sort by it
--   index:status:<s>  zset    the same by status; likewise index:schema:<ref>, index:batch:<batch>
--   queued            zset    id -> when to look whether its message is lost, or when a retry is due (ms)
--   running           zset    id -> when its lease ends (ms)
--   open              zset    id -> when a job still open is given up (ms)
--   expiry            zset    [id, schema, batch] as JSON -> when a terminal job is erased (ms)
--   counts            hash    accepted succeeded failed cancelled (ever); queued running bytes (now)
--   events            channel "<id> <status>" on every transition
-- Across tenants: extractor:tenants (set), extractor:published:<priority> (see claim.lua), extractor:workers,
-- extractor:worker:<id>, extractor:reconciler.
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
local function published_key(priority) return 'extractor:published:' .. priority end
local INDEX, QUEUED, RUNNING = prefix .. 'index', prefix .. 'queued', prefix .. 'running'
local OPEN, EXPIRY, COUNTS, EVENTS = prefix .. 'open', prefix .. 'expiry', prefix .. 'counts', prefix .. 'events'

local function count(field, by) redis.call('HINCRBY', COUNTS, field, by) end
local function notify(id, status) redis.call('PUBLISH', EVENTS, id .. ' ' .. status) end

local function fields(id, ...)
  return redis.call('HMGET', job_key(id), ...)
end

-- From one status to the next: hash, status index and counts together, so that they cannot disagree.
local function move(id, from, to)
  redis.call('HSET', job_key(id), 'status', to)
  redis.call('ZREM', index_key('status', from), id)
  redis.call('ZADD', index_key('status', to), 0, id)
  count(from, -1)
  count(to, 1)
  notify(id, to)
end

-- Into a terminal status from `queued` or `running`: the document goes, the clock of the result starts.
-- `more` is a flat list of further hash fields.
local function finish(id, from, to, now, ttl_ms, more)
  local job = fields(id, 'schema', 'batch', 'size')
  local expires = now + ttl_ms
  redis.call('UNLINK', doc_key(id))
  redis.call('ZREM', QUEUED, id)
  redis.call('ZREM', RUNNING, id)
  redis.call('ZREM', OPEN, id)
  redis.call('HDEL', job_key(id), 'lease', 'cancel', 'json_schema')
  redis.call('HSET', job_key(id), 'finished', ms(now), 'expires', ms(expires), unpack(more))
  move(id, from, to)
  count('bytes', -tonumber(job[3]))
  redis.call('ZADD', EXPIRY, ms(expires), cjson.encode({ id, job[1], job[2] or '' }))
  redis.call('PEXPIREAT', job_key(id), ms(expires))
end

-- Back to `queued`. With no delay the caller publishes its message now, and it counts as lost after `grace`; with one
-- it is claimed by nobody before, and the reconciler publishes it then (published = 0: there is no message).
local function requeue(id, now, delay, grace)
  redis.call('ZREM', RUNNING, id)
  redis.call('HDEL', job_key(id), 'lease', 'worker')
  if delay > 0 then
    redis.call('ZADD', QUEUED, ms(now + delay), id)
    redis.call('HSET', job_key(id), 'published', '0', 'not_before', ms(now + delay))
  else
    redis.call('ZADD', QUEUED, ms(now + grace), id)
    redis.call('HSET', job_key(id), 'published', ms(now))
  end
  move(id, 'running', 'queued')
end

local function poison(id, now, ttl_ms, detail)
  local fault = cjson.encode({ code = 'poison', detail = detail, retryable = false })
  finish(id, 'running', 'failed', now, ttl_ms, { 'error', fault, 'reason', 'poison' })
end
