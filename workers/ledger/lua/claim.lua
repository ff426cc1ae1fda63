#!lua flags=allow-oom
-- A worker takes a queued job: a lease, a fencing attempt, and one try counted before any work.
-- ARGV: 1 id, 2 worker, 3 lease ms, 4 most tries, 5 '1' when nothing else runs in that process, 6 share, 7 ms that it
-- waits where there is no room for its result, or 8 '1': that worker has no room for another document of pictures
-- Returns nil when there is nothing to claim (unknown, leased, terminal, not due), 'alone' when the job must run
-- alone and would not, or {hash as a flat list, document, the JSON Schema that its batch keeps for it or nil}.
local id, now = ARGV[1], now_ms()
local job = fields(id, 'status', 'tries', 'not_before', 'priority', 'published', 'again', 'batch', 'schema')
if job[1] ~= 'queued' then
  orphan_taken()
  return nil
end
if tonumber(job[3] or 0) > now then return nil end
local batch = batch_of(job[7])
if withdrawn(false, batch) then
  finish(id, 'queued', 'cancelled', now, 0, { 'reason', withdrawn(false, batch) })
  orphan_taken()
  return nil
end
if crowded(tonumber(ARGV[6])) then
  put_off(id, job[4], now + tonumber(ARGV[7]))
  redis.call('HSET', job_key(id), 'crowded', 1)
  return nil
end
if ARGV[8] == '1' and fields(id, 'form')[1] == 'picture' then
  put_off(id, job[4], now + tonumber(ARGV[7]))
  redis.call('HSET', job_key(id), 'behind', 1)
  return nil
end
local tries = tonumber(job[2])
if tries > 0 and tries + 1 >= tonumber(ARGV[4]) and ARGV[5] ~= '1' then return 'alone' end

-- The queues are first in, first out: once the message of a job published at T was taken, every older one was. A
-- queued job published before T that still waits has lost its message; stale.lua reads this high-water mark. Only a
-- job published once sets it: of two messages we cannot tell which one brought us here.
if tries == 0 and not job[6] then
  local mark = published_key(job[4])
  if tonumber(job[5]) > tonumber(redis.call('GET', mark) or 0) then redis.call('SET', mark, job[5]) end
end

local lease = now + tonumber(ARGV[3])
redis.call('HINCRBY', job_key(id), 'attempt', 1)
redis.call('HINCRBY', job_key(id), 'tries', 1)
redis.call('HSET', job_key(id), 'worker', ARGV[2], 'lease', ms(lease))
if redis.call('HSETNX', job_key(id), 'started', ms(WALL)) == 1 then
  observe('wait:' .. job[4], tonumber(redis.call('ZSCORE', waiting_key(job[4]), id) or now))
end
redis.call('HDEL', job_key(id), 'not_before', 'crowded', 'behind')
redis.call('ZREM', queued_key(job[4]), id)
redis.call('ZREM', waiting_key(job[4]), id)
tally('claimed', 1)
redis.call('ZADD', RUNNING, ms(lease), id)
move(id, batch, 'queued', 'running')
if batch then redis.call('HSETNX', batch_key(batch), 'started', ms(WALL)) end
local shared = batch and redis.call('HGET', batch_key(batch, 'schemas'), job[8])
local flat = redis.call('HGETALL', job_key(id))
add_of_batch(flat, id)
return { flat, redis.call('GET', doc_key(id)), shared or false }
