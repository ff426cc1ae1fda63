#!lua flags=allow-oom
-- Everything about a job is erased, whatever its status; an open one counts as cancelled, and the worker that runs
-- it loses its lease. ARGV: 1 id. Returns 1, or 0 for an unknown id.
local id, now = ARGV[1], now_ms()
local status = fields(id, 'status')[1]
if not status then return 0 end
if status == 'queued' or status == 'running' then
  finish(id, status, 'cancelled', now, 1000, { 'reason', 'deleted' })
  status = 'cancelled'
end
local job = fields(id, 'schema', 'batch', 'idem')
redis.call('ZREM', INDEX, id)
redis.call('ZREM', index_key('status', status), id)
redis.call('ZREM', index_key('schema', job[1]), id)
if job[2] ~= '' then redis.call('ZREM', index_key('batch', job[2]), id) end
redis.call('ZREM', EXPIRY, cjson.encode({ id, job[1], job[2] }))
if job[3] ~= '' then
  local held = redis.call('GET', idem_key(job[3]))
  if held and string.sub(held, -#id) == id then redis.call('DEL', idem_key(job[3])) end
end
redis.call('UNLINK', job_key(id), doc_key(id))
notify(id, 'deleted')
return 1
