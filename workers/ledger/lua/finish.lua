#!lua flags=allow-oom
-- A running job ends: compare-and-set on the attempt, refused after a terminal state. One that was to be cancelled
-- ends `cancelled`, whatever its worker brings.
-- ARGV: 1 id, 2 attempt, 3 status, 4 result TTL ms, 5.. further fields (result, error, reason). Returns 1 when it
-- ended as asked, or 0.
local id = ARGV[1]
local job = fields(id, 'status', 'attempt', 'cancel', 'batch')
if job[1] ~= 'running' or job[2] ~= ARGV[2] then
  tally('dropped', 1)
  return 0
end
local why = withdrawn(job[3], batch_of(job[4]))
if why and ARGV[3] ~= 'cancelled' then
  finish(id, 'running', 'cancelled', now_ms(), tonumber(ARGV[4]), { 'reason', why })
  return 0
end
finish(id, 'running', ARGV[3], now_ms(), tonumber(ARGV[4]), { unpack(ARGV, 5) })
return 1
