#!lua flags=no-writes
-- How long jobs took (shared/durations.lua). KEYS[1] is unused here. Returns {the bounds as text, the hash as a flat
-- list}.
local bounds = {}
for n, bound in ipairs(BOUNDS) do bounds[n] = tostring(bound) end
return { bounds, redis.call('HGETALL', DURATIONS) }
