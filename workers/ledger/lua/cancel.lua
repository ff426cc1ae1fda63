#!lua flags=allow-oom
-- A caller withdraws a job: a queued one ends at once, a running one when its worker notices.
-- ARGV: 1 id, 2 result TTL ms, 3 reason. Returns the status it has now, or nil for an unknown id.
local id = ARGV[1]
local status = fields(id, 'status')[1]
if status == 'queued' then
  finish(id, 'queued', 'cancelled', now_ms(), tonumber(ARGV[2]), { 'reason', ARGV[3] })
  return 'cancelled'
end
if status == 'running' then
  redis.call('HSET', job_key(id), 'cancel', ARGV[3])
  notify(id, 'cancelling')
end
return status
