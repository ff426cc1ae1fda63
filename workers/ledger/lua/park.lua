#!lua flags=allow-oom
-- A running job waits in its worker ('1'), or is worked on again ('0'): what only waits is not to blame when its worker
-- dies (recover.lua). Compare-and-set on the attempt. ARGV: 1 id, 2 attempt, 3 which. Returns 1, or 0 where it is not
-- this attempt's.
local id = ARGV[1]
local job = fields(id, 'status', 'attempt')
if job[1] ~= 'running' or job[2] ~= ARGV[2] then return 0 end
if ARGV[3] == '1' then redis.call('HSET', job_key(id), 'parked', 1) else redis.call('HDEL', job_key(id), 'parked') end
return 1
