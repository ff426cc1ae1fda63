#!lua flags=no-writes
-- How much waits, by tenant: O(tenants), whatever the number of jobs. ARGV: tenants, in KEYS[1]'s place.
-- Returns a list for each: {jobs queued, running, succeeded, failed, cancelled (now), batches, then for each priority
-- (interactive, bulk) how many wait and for how long the first of them has (ms, '' where none does)}.
local now, out = now_ms(), {}
for _, tenant in ipairs(ARGV) do
  prefix = 'extractor:{' .. tenant .. '}:'
  local row = {}
  for _, status in ipairs({ 'queued', 'running', 'succeeded', 'failed', 'cancelled' }) do
    row[#row + 1] = redis.call('ZCARD', index_key('status', status))
  end
  row[#row + 1] = redis.call('ZCARD', prefix .. 'batches')
  for _, priority in ipairs({ 'interactive', 'bulk' }) do
    row[#row + 1] = redis.call('ZCARD', waiting_key(priority))
    local first = redis.call('ZRANGE', waiting_key(priority), 0, 0, 'WITHSCORES')[2]
    row[#row + 1] = first and ms(math.max(0, now - tonumber(first))) or ''
  end
  out[#out + 1] = row
end
return out
