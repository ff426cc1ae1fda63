#!lua flags=allow-oom
-- Queued jobs that have no live message. ARGV: 1 most jobs, 2 grace ms, then pairs: priority, messages in its queue.
-- Queues are first in, first out (see claim.lua's mark). So a message is lost when a job published later was taken a
-- grace ago, or one published a grace later was taken, or when its queue is empty and it was published a grace ago. A
-- long queue alone is no reason: publishing its jobs again would only make it longer.
-- Returns a flat list: id, priority, request; the caller publishes them.
local now, most, grace, out = now_ms(), tonumber(ARGV[1]), tonumber(ARGV[2]), {}

local function republish(id, priority)
  redis.call('HSET', job_key(id), 'published', ms(now))
  out[#out + 1] = id
  out[#out + 1] = priority
  out[#out + 1] = request_of(id)
end

-- How far the queue had been taken a grace ago, at least: of every two looks a grace apart the earlier one is kept.
local function taken_then(priority, mark)
  local key = published_key(priority) .. ':then'
  local seen = redis.call('HMGET', key, 'was', 'is', 'at')
  if seen[3] and now - tonumber(seen[3]) < grace then return tonumber(seen[1]) end
  local was = seen[2] or '0'
  redis.call('HSET', key, 'was', was, 'is', ms(mark), 'at', ms(now))
  redis.call('PEXPIRE', key, 86400000)
  return tonumber(was)
end

-- Those that were overtaken, each looked at once: `swept` is how far the last look came. What it republished and was
-- lost again is found by the slower way below.
local function overtaken(priority, before)
  local swept = tonumber(redis.call('HGET', SWEPT, priority) or 0)
  if before <= swept then return end
  local found = redis.call('ZRANGEBYSCORE', waiting_key(priority), ms(swept), '(' .. ms(before), 'WITHSCORES',
    'LIMIT', 0, most)
  for i = 1, #found, 2 do
    local published = tonumber(fields(found[i], 'published')[1] or 0)
    if published > 0 and published < before then republish(found[i], priority) end
  end
  redis.call('HSET', SWEPT, priority, #found < 2 * most and ms(before) or found[#found])
  redis.call('PEXPIRE', SWEPT, 86400000)
end

local waiting, mark = {}, {}
for i = 3, #ARGV, 2 do
  waiting[ARGV[i]] = tonumber(ARGV[i + 1])
  mark[ARGV[i]] = tonumber(redis.call('GET', published_key(ARGV[i])) or 0)
  overtaken(ARGV[i], taken_then(ARGV[i], mark[ARGV[i]]))
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', QUEUED, '-inf', ms(now), 'LIMIT', 0, most)) do
  local job = fields(id, 'priority', 'published')
  local priority, published = job[1], tonumber(job[2])
  local old = published + grace <= now
  if waiting[priority] and (published == 0 or (old and (waiting[priority] == 0 or published + grace < mark[priority]))) then
    republish(id, priority)
  end
  redis.call('ZADD', QUEUED, ms(now + grace), id)
end
tally('republished', #out / 3)
return out
