local function fields(id, ...)
  return redis.call('HMGET', job_key(id), ...)
end

-- Its time is over: nobody is shown it any more, and the next reconciler erases it.
local function over(expires) return expires and tonumber(expires) <= NOW end

-- When what a batch holds expires: with it. Nothing for a job of none, and while the batch has not ended.
local function batch_expires(name) return name and name ~= '' and redis.call('HGET', batch_key(name), 'expires') end

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
  return redis.call('ZCOUNT', WORKERS, since, '+inf'), redis.call('ZCOUNT', READY, since, '+inf')
end

-- A job or batch as a person is shown it: times to come by the store's clock.
local function shown(flat)
  for i = 1, #flat, 2 do
    if flat[i] == 'expires' or flat[i] == 'not_before' then flat[i + 1] = as_shown(flat[i + 1]) end
  end
  return flat
end

-- Why a job is to stop: its own withdrawal or its batch's; else false.
local function withdrawn(own, batch)
  return own or (batch ~= nil and redis.call('HGET', batch_key(batch), 'cancel'))
end

-- What a queued job waits for. `all` and `ready` are those of `alive`.
local function add_waiting(flat, id, now, all, ready)
  local job = fields(id, 'priority', 'not_before', 'tries', 'fault', 'batch', 'status', 'crowded', 'behind')
  if job[6] ~= 'queued' then return end
  put(flat, 'ahead', redis.call('ZRANK', waiting_key(job[1]), id))
  put(flat, 'workers', all)
  put(flat, 'ready', ready)
  put(flat, 'tries', job[3])
  put(flat, 'fault', job[4])
  put(flat, 'crowded', job[7])
  put(flat, 'behind', job[8])
  if job[2] and tonumber(job[2]) > now then put(flat, 'not_before', job[2]) end
  put(flat, 'withdrawn', withdrawn(false, batch_of(job[5])))
end
