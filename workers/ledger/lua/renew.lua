#!lua flags=allow-oom
-- The lease goes on. ARGV: 1 id, 2 attempt, 3 lease ms. Returns 'ok', 'cancel' (renewed, but stop) or 'lost'.
local id = ARGV[1]
local job = fields(id, 'status', 'attempt', 'cancel', 'batch')
if job[1] ~= 'running' or job[2] ~= ARGV[2] then return 'lost' end
local lease = ms(now_ms() + tonumber(ARGV[3]))
redis.call('HSET', job_key(id), 'lease', lease)
redis.call('ZADD', RUNNING, lease, id)
return withdrawn(job[3], batch_of(job[4])) and 'cancel' or 'ok'
