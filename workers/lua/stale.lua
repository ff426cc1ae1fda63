#!lua flags=allow-oom
-- Queued jobs that have no live message. ARGV: 1 most jobs, 2 grace ms, then pairs: priority, messages in its queue.
-- A message is lost when its job was published longer ago than the grace and either its queue is empty or a job
-- published a grace later was taken from it already (first in, first out; see claim.lua). A long queue alone is
-- no reason: publishing its jobs again would only make it longer.
-- Returns a flat list: id, priority, request; the caller publishes them.
local now, grace, out = now_ms(), tonumber(ARGV[2]), {}
local waiting, mark = {}, {}
for i = 3, #ARGV, 2 do
  waiting[ARGV[i]] = tonumber(ARGV[i + 1])
  mark[ARGV[i]] = tonumber(redis.call('GET', published_key(ARGV[i])) or 0)
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', QUEUED, '-inf', ms(now), 'LIMIT', 0, tonumber(ARGV[1]))) do
  local job = fields(id, 'priority', 'published')
  local priority, published = job[1], tonumber(job[2])
  local old = published + grace <= now
  if waiting[priority] and (published == 0 or (old and (waiting[priority] == 0 or published + grace < mark[priority]))) then
    redis.call('HSET', job_key(id), 'published', ms(now))
    out[#out + 1] = id
    out[#out + 1] = priority
    out[#out + 1] = request_of(id)
  end
  redis.call('ZADD', QUEUED, ms(now + grace), id)
end
tally('republished', #out / 3)
return out
