-- Who waits. Each tenant has a line for each priority, `waiting`: every queued job, by a time. Those whose time has come
-- are in line, in this order; turn.lua takes the first. A job whose time is to come is not in line: it is put off, or
-- in the hands of a worker that is about to claim it. It is in `queued` too, and the reconciler puts it back to its old
-- place (stale.lua). If that never happened it would come into line at its time all the same.

-- The tenant has its turns. NX: one that has them already gets none sooner. Who comes anew starts where the others are.
local function join(priority)
  local first = redis.call('ZRANGE', turns_key(priority), 0, 0, 'WITHSCORES')
  redis.call('ZADD', turns_key(priority), 'NX', first[2] or 0, tenant())
end

-- Behind the tenant's others.
local function line_up(id, priority, now)
  redis.call('ZADD', waiting_key(priority), ms(now), id)
  join(priority)
end

-- To the place of one that was posted when this one was (of a batch: when that was). A message is to be published.
local function line_up_again(id, priority, now)
  redis.call('ZADD', waiting_key(priority), ms(posted(id) or now), id)
  redis.call('ZREM', queued_key(priority), id)
  redis.call('HSET', job_key(id), 'published', ms(now))
  join(priority)
end

-- Out of line until then. It has no message (published = 0): stale.lua publishes one.
local function step_out(id, priority, until_ms)
  redis.call('ZADD', waiting_key(priority), ms(until_ms), id)
  redis.call('ZADD', queued_key(priority), ms(until_ms), id)
  redis.call('HSET', job_key(id), 'published', '0')
end

-- It waits no more.
local function leave_line(id, priority)
  redis.call('ZREM', waiting_key(priority), id)
  redis.call('ZREM', queued_key(priority), id)
end

-- The first in line, or nil.
local function first_in_line(priority, now)
  return redis.call('ZRANGEBYSCORE', waiting_key(priority), '-inf', ms(now), 'LIMIT', 0, 1)[1]
end
