-- What a tenant may bring and hold. What it holds is counted in COUNTS:
--   bytes    of open jobs, gone when they end: documents and inline schemas as they are kept
--   kept     of all jobs and batches, until they are erased: metadata, names, results, errors, and for the keys of
--            each what they were measured to take at most (docs/recovery.md)
--   orphans  messages still in a queue whose job has ended without them
-- What an open job will need beside that, its message and about what its result takes, is held too: OPENED.
local JOB, BATCH, LINE, SCHEMA, ENDED, MESSAGE, OPENED = 1500, 1200, 100, 250, 50, 500, 2500

-- extractor:memory holds, for a second: `most`, the store's maxmemory, and `free` of it, less what was charged since.
local MEMORY, MEMORY_MS = 'extractor:memory', 1000

local function charge(bytes, kept)
  if bytes ~= 0 then count('bytes', bytes) end
  if kept ~= 0 then count('kept', kept) end
  redis.call('HINCRBY', MEMORY, 'free', 0 - bytes - kept)  -- never -0, which Redis 7.0 cannot read back
end

-- The store's maxmemory (0: none, or INFO is not allowed) and what is free of it.
local function memory()
  local m = redis.call('HMGET', MEMORY, 'most', 'free', 'at')
  if m[3] and NOW - tonumber(m[3]) < MEMORY_MS then return tonumber(m[1]), tonumber(m[2]) end
  local most, taken = memory_taken()
  local free = most - taken
  redis.call('HSET', MEMORY, 'most', ms(most), 'free', ms(free), 'at', ms(NOW))
  return most, free
end

local function counted()
  local c = redis.call('HMGET', COUNTS, 'queued', 'running', 'bytes', 'kept', 'orphans')
  local open = tonumber(c[1] or 0) + tonumber(c[2] or 0)
  local bytes, kept = tonumber(c[3] or 0), tonumber(c[4] or 0)
  return { open = open, bytes = bytes, kept = kept, held = bytes + kept + open * OPENED + tonumber(c[5] or 0) * MESSAGE }
end

-- A tenant may hold `times` as much as the store has free (dynamic thresholds, Choudhury and Hahne 1998). Where that is
-- once, one alone fills half of it, the next half of the rest, and whoever comes after them finds room whatever they do.
-- How much more it may hold, when what it adds is no longer free; 0 times is no such limit.
local function share_left(times, held)
  local most, free = memory()
  if times == 0 or most == 0 then return math.huge end
  return (times * free - held) / (1 + times)
end

-- What of the quotas is full for that much more: its name and the counts that go with it, or nil.
-- `most` holds jobs, bytes, kept, share; `c` is of `counted`, with what was added since.
local function full(c, most, jobs, bytes, kept)
  if jobs > 0 and c.open + jobs > most.jobs then return 'quota_jobs', ms(c.open) end
  if c.bytes + bytes > most.bytes then return 'quota_bytes', ms(c.bytes) end
  if c.kept + kept > most.kept then return 'quota_kept_bytes', ms(c.kept) end
  local more = bytes + kept + jobs * OPENED
  if more > c.left then return 'quota_share', ms(c.held) .. ' ' .. ms(math.max(0, c.held + c.left)) end
end

-- `c` after that much more.
local function add(c, jobs, bytes, kept)
  local more = bytes + kept + jobs * OPENED
  c.open, c.bytes, c.kept = c.open + jobs, c.bytes + bytes, c.kept + kept
  c.held, c.left = c.held + more, c.left - more
end

-- What is counted and how much more there may be, for `full`.
local function quotas(jobs, bytes, kept, share)
  local most = { jobs = tonumber(jobs), bytes = tonumber(bytes), kept = tonumber(kept), share = tonumber(share) }
  local c = counted()
  c.left = share_left(most.share, c.held)
  return c, most
end

-- The store is nearly full, and this tenant holds more than its share: its results are to wait for room.
local function crowded(times)
  local most, free = memory()
  if times == 0 or most == 0 or free > most / 10 then return false end
  return counted().held > times * free
end

-- The message of a job that is not queued (any more) has been taken.
local function orphan_taken()
  if tonumber(redis.call('HGET', COUNTS, 'orphans') or 0) > 0 then count('orphans', -1) end
end

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
  redis.call('SET', RATE, string.format('%.3f', rate_full(now) + n * MINUTE / rate))
end
