#!lua flags=no-writes
-- A job as a flat list, empty when unknown; one of a batch expires with it. ARGV: 1 id.
local flat = redis.call('HGETALL', job_key(ARGV[1]))
if #flat > 0 then add_batch_expiry(flat, ARGV[1]) end
return flat
