#!lua flags=no-writes
-- The tenant's webhook, without its secrets: {url or '', result or '', '1' where there is a secret, until when (ms) the one
-- before it signs too or '', how many wait, how many were given up}.
local hook = redis.call('HMGET', HOOK, 'url', 'result', 'secret', 'until')
local old = hook[4] and tonumber(hook[4]) > now_ms() and as_shown(hook[4]) or ''
return { hook[1] or '', hook[2] or '', hook[3] and '1' or '', old, redis.call('ZCARD', HOOKS), redis.call('ZCARD', UNDELIVERED) }
