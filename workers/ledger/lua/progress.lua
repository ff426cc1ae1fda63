#!lua flags=allow-oom
-- How far the reading of a running job is; those who watch it are told. Compare-and-set on the attempt.
-- ARGV: 1 id, 2 attempt, 3 '<done> <total> <unit>'. Returns 1, or 0 where it is not this attempt's.
local id = ARGV[1]
local job = fields(id, 'status', 'attempt')
if job[1] ~= 'running' or job[2] ~= ARGV[2] then return 0 end
redis.call('HSET', job_key(id), 'progress', ARGV[3])
notify(id, 'progress')
return 1
