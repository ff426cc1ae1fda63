#!lua flags=allow-oom
-- How many messages were lost. Each stands for one turn, so they are only counted: as long as there is one, somebody in
-- line is served, and when there are fewer than jobs in line for a whole grace, the fewest that were missing in it are
-- published. (Some of them may be in the hands of workers that wait to be alone, say. Then there are too many later,
-- which costs a look each.) The messages were counted a moment before the jobs, so some jobs may have been taken since:
-- then too few are missing here while there are others, and the rest when there are none.
-- ARGV: 1 most messages, 2 grace ms, then pairs: priority, messages in its queue. KEYS[1] is unused here.
-- Returns {messages that are more than jobs in line, tenant, id, priority, request, …}; the caller publishes them.
-- The ids are those of jobs in line, which workers of an earlier version would claim.
local now, most, grace, out = now_ms(), tonumber(ARGV[1]), tonumber(ARGV[2]), { 0 }

local function of_tenant(name) prefix = 'extractor:{' .. name .. '}:' end

-- Those that stale.lua puts back in line are not counted, for they get a message of their own then.
local function in_line(priority)
  return redis.call('ZCOUNT', waiting_key(priority), '-inf', ms(now)) - redis.call('ZCOUNT', queued_key(priority), '-inf', ms(now))
end

local function publish(names, priority, count)
  for _, name in ipairs(names) do
    of_tenant(name)
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', waiting_key(priority), '-inf', ms(now), 'LIMIT', 0, count)) do
      for _, part in ipairs({ name, id, priority, request_of(id) }) do out[#out + 1] = part end
      count = count - 1
    end
    if count <= 0 then return end
  end
end

for i = 3, #ARGV, 2 do
  local priority, lacking = ARGV[i], 0 - tonumber(ARGV[i + 1])
  local names = redis.call('ZRANGE', turns_key(priority), 0, -1)
  for _, name in ipairs(names) do
    of_tenant(name)
    lacking = lacking + in_line(priority)
  end
  if lacking <= 0 then
    out[1] = out[1] - lacking
    redis.call('DEL', lacking_key(priority))
  else
    local seen = redis.call('HMGET', lacking_key(priority), 'since', 'fewest')
    local since, fewest = tonumber(seen[1] or now), math.min(tonumber(seen[2] or lacking), lacking)
    if now - since >= grace then
      local count = math.min(fewest, most)
      publish(names, priority, count)
      fewest = fewest - count
    end
    if fewest > 0 then
      redis.call('HSET', lacking_key(priority), 'since', ms(since), 'fewest', ms(fewest))
    else
      redis.call('DEL', lacking_key(priority))
    end
  end
end
tally('republished', (#out - 1) / 4)
out[1] = ms(out[1])
return out
