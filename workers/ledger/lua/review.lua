#!lua
-- What a person found when looking at an extraction that has ended: kept with it until it is erased, in the place of
-- what was kept before. Refused by Redis itself when memory is full (no allow-oom flag).
-- ARGV: 1 id, 2 what was found, 3 most open jobs, 4 most open bytes, 5 most kept bytes, 6 share.
-- Returns {'kept'}, {the status of one that has not ended}, {the name of a quota, its counts}, or nil for an unknown id.
local id = ARGV[1]
local job = fields(id, 'status', 'expires', 'reviewed', 'kept', 'batch')
if not job[1] or over(job[2] or batch_expires(job[5])) then return nil end
if job[1] == 'queued' or job[1] == 'running' then return { job[1] } end
local more = #ARGV[2] - #(job[3] or '')
local c, most = quotas(ARGV[3], ARGV[4], ARGV[5], ARGV[6])
local quota, counts = full(c, most, 0, 0, math.max(0, more))
if quota then return { quota, counts } end
redis.call('HSET', job_key(id), 'reviewed', ARGV[2], 'kept', ms(tonumber(job[4] or 0) + more))
if job[3] then gone() else tally('reviewed', 1) end
charge(0, more)
return { 'kept' }
