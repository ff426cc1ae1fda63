#!lua flags=no-writes
-- A job as a flat list, empty when unknown; one of a batch expires with it, a queued one says what it waits for.
-- ARGV: 1 id, 2 ms after which a silent worker is gone.
local id, now = ARGV[1], now_ms()
local own = fields(id, 'expires', 'batch')
if over(own[1] or batch_expires(own[2])) then return {} end
local flat = redis.call('HGETALL', job_key(id))
if #flat > 0 then
  add_of_batch(flat, id)
  if fields(id, 'status')[1] == 'queued' then add_waiting(flat, id, now, alive(now, tonumber(ARGV[2]))) end
end
return shown(flat)
