#!lua flags=allow-oom
-- Queued jobs that have no live message. ARGV: 1 most jobs, 2 grace ms, then pairs: priority, messages in its queue.
-- Queues are first in, first out (see claim.lua's mark). So a message is lost when a job published later was taken a
-- grace ago, or one published a grace later was taken, or when its queue is empty and it was published a grace ago. A
-- long queue alone is no reason: publishing its jobs again would only make it longer.
-- Returns a flat list: id, priority, request; the caller publishes them.
local now, most, grace, out = now_ms(), tonumber(ARGV[1]), tonumber(ARGV[2]), {}

local function republish(id, priority)
  redis.call('HSET', job_key(id), 'published', ms(now), 'again', 1)
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
end

-- The slower way: every queued job in turn, so many a look, each priority for itself. It finds what is due again, what
-- an empty queue has lost, and what was lost a second time.
local function looked_over(priority, messages, mark)
  local key = queued_key(priority)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', ms(now), 'LIMIT', 0, most)) do
    local published = tonumber(fields(id, 'published')[1])
    local old = published + grace <= now
    if published == 0 or (old and (messages == 0 or published + grace < mark)) then republish(id, priority) end
    redis.call('ZADD', key, ms(now + grace), id)
  end
end

for i = 3, #ARGV, 2 do
  local priority, mark = ARGV[i], tonumber(redis.call('GET', published_key(ARGV[i])) or 0)
  overtaken(priority, taken_then(priority, mark))
  looked_over(priority, tonumber(ARGV[i + 1]), mark)
end
-- There are no more messages without a job than messages: those that were lost are not taken by anybody.
local messages = 0
for i = 4, #ARGV, 2 do messages = messages + tonumber(ARGV[i]) end
local orphans = tonumber(redis.call('HGET', COUNTS, 'orphans') or 0)
if orphans > messages then redis.call('HSET', COUNTS, 'orphans', messages) end
tally('republished', #out / 3)
return out
