#!lua flags=allow-oom
-- Running jobs whose lease has ended: queued again, or cancelled when that was asked, or failed as poison. An attempt
-- in which they only waited does not count against them.
-- ARGV: 1 most jobs, 2 most tries, 3 result TTL ms.
-- Returns a flat list: id, outcome (queued, cancelled, failed), priority, request; the caller publishes the queued ones.
local now, out = now_ms(), {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', RUNNING, '-inf', ms(now), 'LIMIT', 0, tonumber(ARGV[1]))) do
  local job = fields(id, 'tries', 'cancel', 'priority', 'batch', 'parked')
  if job[5] then job[1] = redis.call('HINCRBY', job_key(id), 'tries', -1) end
  local outcome = 'queued'
  local why = withdrawn(job[2], batch_of(job[4]))
  if why then
    finish(id, 'running', 'cancelled', now, tonumber(ARGV[3]), { 'reason', why })
    outcome = 'cancelled'
  elseif tonumber(job[1]) >= tonumber(ARGV[2]) then
    poison(id, now, tonumber(ARGV[3]), 'Its worker died or fell silent in each of ' .. job[1] .. ' attempts')
    outcome = 'failed'
  else
    requeue(id, now, 0, 'its worker died or fell silent')
  end
  out[#out + 1] = id
  out[#out + 1] = outcome
  out[#out + 1] = job[3]
  out[#out + 1] = request_of(id)
end
tally('lease_lost', #out / 4)
return out
