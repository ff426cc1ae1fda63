#!lua flags=no-writes
-- For how long something erased has been in the store's append-only file: ms since the first such erasure, 0 when there
-- is none. KEYS[1] is unused here.
local e, first = redis.call('HMGET', ERASING, 'since', 'asked'), math.huge
for _, at in ipairs({ e[1], e[2] }) do first = math.min(first, tonumber(at) or math.huge) end
return first < math.huge and ms(math.max(1, now_ms() - first)) or '0'
