-- Webhooks: what has ended and somebody is to be told of, at least once.
--   hook              hash    the tenant's own: url and result ('1': with the result), for what names none; secret,
--                             and until when (`until`, ms) the one before it (`before`) signs too
--   hooks             zset    id of a job or batch that has ended -> when it is told of next (ms)
--   undelivered       zset    id -> since when it is told of no more (ms)
--   extractor:hooks   zset    tenant -> when the first of its `hooks` is due (ms)
-- A job or batch keeps its own in its hash: hook (JSON: url, result), hook_tries, hook_fault, hook_since (when a try
-- first failed: by the ledger's time, for a step of a clock is no day of tries).
local HOOK, HOOKS, UNDELIVERED, HOOKED = prefix .. 'hook', prefix .. 'hooks', prefix .. 'undelivered', 'extractor:hooks'

local function schedule_webhook(id, at)
  redis.call('ZADD', HOOKS, ms(at), id)
  redis.call('ZADD', HOOKED, 'LT', ms(at), tenant())
end

-- It has ended. `own`: its webhook, where it has one.
local function webhook_on_end(id, own, now)
  if (own and own ~= '') or redis.call('HEXISTS', HOOK, 'url') == 1 then schedule_webhook(id, now) end
end

-- It is erased.
local function forget_webhook(id)
  redis.call('ZREM', HOOKS, id)
  redis.call('ZREM', UNDELIVERED, id)
end

-- The hash of a job or a batch, whose ids end in eight zeros.
local function owner_key(id) return string.sub(id, -8) == '00000000' and batch_key(id) or job_key(id) end
