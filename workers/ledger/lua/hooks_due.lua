#!lua flags=allow-oom
-- What is to be told of now, tenants in turn. Each is due again after the lease, whatever becomes of who asked.
-- ARGV: 1 most, 2 most of a tenant, 3 lease ms, 4.. tenants that are left out. Returns {tenant, id, tenant, id, …}.
local now, most, each, lease = now_ms(), tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local left_out = {}
for i = 4, #ARGV do left_out[ARGV[i]] = true end
local found = {}
for _, tenant in ipairs(redis.call('ZRANGEBYSCORE', HOOKED, '-inf', ms(now), 'LIMIT', 0, 4 * most)) do
  if #found >= 2 * most then break end
  if not left_out[tenant] then
    local hooks = 'extractor:{' .. tenant .. '}:hooks'
    local wanted = math.min(each, most - #found / 2)
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', hooks, '-inf', ms(now), 'LIMIT', 0, wanted)) do
      redis.call('ZADD', hooks, ms(now + lease), id)
      found[#found + 1] = tenant
      found[#found + 1] = id
    end
    local first = redis.call('ZRANGE', hooks, 0, 0, 'WITHSCORES')
    if first[2] then
      redis.call('ZADD', HOOKED, ms(math.max(tonumber(first[2]), now + 1)), tenant)  -- behind those that are due too
    else
      redis.call('ZREM', HOOKED, tenant)
    end
  end
end
return found
