#!lua flags=allow-oom
-- Queued jobs that are to be put back in line: their retry is due, there may be room by now, or the worker that had the
-- turn died before it claimed. And the tenant has its turns, if somebody is in line.
-- ARGV: 1 most jobs, 2 messages that are more than jobs, of all tenants (missing.lua), then priorities.
-- Returns a flat list: id, priority, request; the caller publishes a message for each.
local now, most, surplus, out = now_ms(), tonumber(ARGV[1]), tonumber(ARGV[2]), {}
for i = 3, #ARGV do
  local priority = ARGV[i]
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', queued_key(priority), '-inf', ms(now), 'LIMIT', 0, most)) do
    if fields(id, 'published')[1] == '0' then
      line_up_again(id, priority, now)
      out[#out + 1] = id
      out[#out + 1] = priority
      out[#out + 1] = request_of(id)
    else  -- an earlier version had every queued job here; this one has been in line
      redis.call('ZREM', queued_key(priority), id)
    end
  end
  if first_in_line(priority, now) then join(priority) end
end
-- There are no more messages without a job than messages that are too many: others were lost, or taken for another job.
local orphans = tonumber(redis.call('HGET', COUNTS, 'orphans') or 0)
if orphans > surplus then redis.call('HSET', COUNTS, 'orphans', surplus) end
tally('republished', #out / 3)
return out
