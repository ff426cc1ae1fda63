#!lua flags=allow-oom
-- A worker gives a running job back. ARGV: 1 id, 2 attempt, 3 delay ms, 4 '1' when the try is not to count,
-- 5 most tries, 6 what went wrong, for a person, 7 result TTL ms, 8 'pictures' when its document turned out to be
-- pictures, and waits for others that are, 'windows' when it is longer than the context, and waits likewise, or ''.
-- Returns the status it has now, or nil when it is not this attempt's.
local id, now = ARGV[1], now_ms()
local job = fields(id, 'status', 'attempt', 'tries', 'cancel', 'batch')
if job[1] ~= 'running' or job[2] ~= ARGV[2] then return nil end
local why = withdrawn(job[4], batch_of(job[5]))
if why then
  finish(id, 'running', 'cancelled', now, tonumber(ARGV[7]), { 'reason', why })
  return 'cancelled'
end
if ARGV[4] == '1' then
  redis.call('HINCRBY', job_key(id), 'tries', -1)
  if ARGV[8] == '' then tally('released', 1) end
elseif tonumber(job[3]) >= tonumber(ARGV[5]) then
  poison(id, now, tonumber(ARGV[7]), 'Given up after ' .. job[3] .. ' attempts; the last: ' .. ARGV[6])
  return 'failed'
else
  tally('retried', 1)
end
if ARGV[8] ~= '' then redis.call('HSET', job_key(id), 'behind', ARGV[8]) end
if ARGV[8] == 'pictures' then redis.call('HSET', job_key(id), 'form', 'picture') end  -- the file itself is still kept
requeue(id, now, tonumber(ARGV[3]), ARGV[6])
return 'queued'
