#!lua flags=allow-oom
-- A worker has taken a message: whose turn is it? A message stands for one turn of its priority and not for its own
-- job, so messages need no order, none belongs to anybody, and one too many finds nothing.
--
-- Fair: `turns` has each tenant's next turn on a clock of its own, which stands where its first one does. The first has
-- the turn, and its next one is 1/weight later. So while two tenants have jobs in line they are served in the ratio of
-- their weights. Nobody can hoard: a tenant with nobody in line stays until it is the first, so a turn that it has had
-- is not forgotten before the others have had theirs, and is then taken out; when it comes back it starts where the
-- first one is (`join`). All turns lie within 1/weight of the first one. O(log n), and a tenant taken out was put in.
--
-- Nothing is lost: a job is taken from its line, not removed. Whoever has the turn claims it next; if it dies before,
-- the job is put back after a grace (line.lua). The message's tenant joins first, so a tenant is never forgotten while
-- there are messages of it, and jobs that an earlier version has queued are found.
-- ARGV: 1 priority, 2 grace ms, 3.. pairs: tenant, its weight (1 for others). KEYS[1] is that of the message's tenant.
-- Returns {tenant, id}, or nil when nobody is in line.
local now, priority, grace = now_ms(), ARGV[1], tonumber(ARGV[2])
local turns = turns_key(priority)

local function weight_of(name)
  for i = 3, #ARGV, 2 do
    if ARGV[i] == name then return tonumber(ARGV[i + 1]) end
  end
  return 1
end

join(priority)
while true do
  local name = redis.call('ZRANGE', turns, 0, 0)[1]
  if not name then break end
  prefix = 'extractor:{' .. name .. '}:'
  local id = first_in_line(priority, now)
  if id then
    redis.call('ZINCRBY', turns, 1 / weight_of(name), name)
    step_out(id, priority, now + grace)
    return { name, id }
  end
  redis.call('ZREM', turns, name)
end
orphan_taken()
return nil
