#!lua flags=no-writes
-- What nobody could be told of, the latest first. ARGV: 1 most. Returns {id, since (ms), tries, what went wrong last, …}.
local found = {}
for _, id in ipairs(redis.call('ZREVRANGE', UNDELIVERED, 0, tonumber(ARGV[1]) - 1)) do
  local own = redis.call('HMGET', owner_key(id), 'hook_tries', 'hook_fault')
  for _, part in ipairs({ id, as_shown(redis.call('ZSCORE', UNDELIVERED, id)), own[1] or '0', own[2] or '' }) do
    found[#found + 1] = part
  end
end
return found
