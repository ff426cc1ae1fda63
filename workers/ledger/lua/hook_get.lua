#!lua
-- Whom to tell that a job or batch has ended, and how the message is signed. ARGV: 1 id.
-- Returns {url, '1' with the result, secret, the secret before it or '', tries so far, for how long (ms) they have
-- failed}, or nil where nobody is to be told any more: then it is forgotten.
local id, now = ARGV[1], now_ms()
local key = owner_key(id)
local own = redis.call('HMGET', key, 'id', 'hook', 'hook_tries', 'expires', 'hook_since')
local hook = redis.call('HMGET', HOOK, 'url', 'result', 'secret', 'before', 'until')
local url, result = hook[1], hook[2]
if own[2] and own[2] ~= '' then
  local named = cjson.decode(own[2])
  url, result = named.url, named.result and '1' or ''
end
if not own[1] or over(own[4]) or not url or not hook[3] then
  forget_webhook(id)
  return nil
end
local before = hook[5] and tonumber(hook[5]) > now and hook[4] or ''
return { url, result or '', hook[3], before, own[3] or '0', ms(now - tonumber(own[5] or now)) }
