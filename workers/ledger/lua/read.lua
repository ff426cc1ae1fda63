#!lua flags=allow-oom
-- A document of a running job has been read: what was read is kept in its place, for this attempt and those after it,
-- and its password is forgotten. Compare-and-set on the attempt.
-- ARGV: 1 id, 2 attempt, 3 what was read, 4 '1' when the job goes back to the queue, which is no try that failed,
-- 5 result TTL ms of one that is to be cancelled.
-- Returns the status it has now, or nil when it is not this attempt's.
local id, now = ARGV[1], now_ms()
local job = fields(id, 'status', 'attempt', 'weight', 'size', 'cancel', 'batch')
if job[1] ~= 'running' or job[2] ~= ARGV[2] then return nil end
local why = withdrawn(job[5], batch_of(job[6]))
if why and ARGV[4] == '1' then
  finish(id, 'running', 'cancelled', now, tonumber(ARGV[5]), { 'reason', why })
  return 'cancelled'
end
local more = #ARGV[3] - redis.call('STRLEN', doc_key(id))
redis.call('SET', doc_key(id), ARGV[3])
redis.call('HSET', job_key(id), 'form', 'read', 'weight', ms(tonumber(job[3] or job[4]) + more))
redis.call('HDEL', job_key(id), 'password', 'coding')
gone()
charge(more, 0)
if ARGV[4] ~= '1' then return 'running' end
redis.call('HINCRBY', job_key(id), 'tries', -1)
requeue(id, now, 0, 'its document was read')
return 'queued'
