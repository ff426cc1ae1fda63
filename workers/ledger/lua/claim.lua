#!lua flags=allow-oom
-- A worker takes the queued job that turn.lua gave it: a lease, a fencing attempt, and one try counted before any work.
-- ARGV: 1 id, 2 worker, 3 lease ms, 4 most tries, 5 '1' when nothing else runs in that process, 6 share, 7 ms that it
-- waits where there is no room for its result, or 8 '1': that worker has no room for another document of pictures
-- Returns nil when there is nothing to claim (unknown, leased, terminal, not due), 'alone' when the job must run
-- alone and would not, or {hash as a flat list, document, the JSON Schema that its batch keeps for it or nil}.
local id, now = ARGV[1], now_ms()
local job = fields(id, 'status', 'tries', 'not_before', 'priority', 'batch', 'schema', 'created')
if job[1] ~= 'queued' then return nil end
if tonumber(job[3] or 0) > now then return nil end
local batch = batch_of(job[5])
if withdrawn(false, batch) then
  finish(id, 'queued', 'cancelled', now, 0, { 'reason', withdrawn(false, batch) })
  return nil
end
if crowded(tonumber(ARGV[6])) then
  put_off(id, job[4], now + tonumber(ARGV[7]))
  redis.call('HSET', job_key(id), 'crowded', 1)
  return nil
end
if ARGV[8] == '1' and fields(id, 'form')[1] == 'picture' then
  put_off(id, job[4], now + tonumber(ARGV[7]))
  redis.call('HSET', job_key(id), 'behind', 'pictures')
  return nil
end
local tries = tonumber(job[2])
if tries > 0 and tries + 1 >= tonumber(ARGV[4]) and ARGV[5] ~= '1' then return 'alone' end

local lease = now + tonumber(ARGV[3])
redis.call('HINCRBY', job_key(id), 'attempt', 1)
redis.call('HINCRBY', job_key(id), 'tries', 1)
redis.call('HSET', job_key(id), 'worker', ARGV[2], 'lease', ms(lease))
if redis.call('HSETNX', job_key(id), 'started', ms(WALL)) == 1 then
  observe('wait:' .. job[4], now - (WALL - tonumber(job[7])))
end
redis.call('HDEL', job_key(id), 'not_before', 'crowded', 'behind')
leave_line(id, job[4])
tally('claimed', 1)
redis.call('ZADD', RUNNING, ms(lease), id)
move(id, batch, 'queued', 'running')
if batch then redis.call('HSETNX', batch_key(batch), 'started', ms(WALL)) end
local shared = batch and redis.call('HGET', batch_key(batch, 'schemas'), job[6])
local flat = redis.call('HGETALL', job_key(id))
add_of_batch(flat, id)
return { flat, redis.call('GET', doc_key(id)), shared or false }
