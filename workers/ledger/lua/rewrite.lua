#!lua flags=allow-oom
-- Whether the store is to rewrite its append-only file, which goes on telling of what was erased until it does. To be
-- run before it is asked: what was erased by then is not in a rewrite that begins afterwards. Such a rewrite is known
-- by how many have begun, which the store counts, so one that failed, or was under way when the store died, is asked
-- for again, and one that the store began by itself counts.
-- ERASING holds `since`, the time of the first erasure that no rewrite is waited for (gone() of moves.lua); and of the
-- rewrite that is: `asked`, the same of those that it is to clear away, and `rewrites`, how many had begun before;
-- `again`: the store is not asked before that.
-- ARGV: 1 ms within which what is erased is to be gone from the file. It is asked for at half of that.
-- Returns {what to do or what happened, ms since the first erasure that may still stand in the file (0: none does)}:
--   'ask'     ask the store now
--   'done'    it has rewritten its file
--   'failed'  it tried and could not
--   'unseen'  INFO is not allowed, so that nobody would know whether it has
--   ''        nothing to do now
local now, within = now_ms(), tonumber(ARGV[1])
local e = redis.call('HMGET', ERASING, 'since', 'asked', 'rewrites', 'again')
local since, asked, before, again = tonumber(e[1]), tonumber(e[2]), tonumber(e[3]), tonumber(e[4] or 0)

local function result(outcome)
  local first = math.min(since or math.huge, asked or math.huge)
  return { outcome, first < math.huge and ms(math.max(1, now - first)) or '0' }
end
if not since and not asked then return result('') end

local log = info('persistence')
local begun = tonumber(info_field(log, 'aof_rewrites'))
if not begun then return result('unseen') end
if info_field(log, 'aof_enabled') == '0' then  -- there is no such file
  redis.call('DEL', ERASING)
  since, asked = nil, nil
  return result('')
end
local runs, waits = info_field(log, 'aof_rewrite_in_progress') == '1', info_field(log, 'aof_rewrite_scheduled') == '1'
local ended = runs and begun - 1 or begun  -- they are counted as they begin, one at a time

-- From here on one that begins is waited for.
local function await()
  before = begun
  redis.call('HSET', ERASING, 'asked', ms(asked), 'rewrites', ms(before))
end

local function pause()
  again = now + within / 16
  redis.call('HSET', ERASING, 'again', ms(again))
end

if asked and ended > before then
  local well = info_field(log, 'aof_last_bgrewrite_status') == 'ok'
  tally(well and 'rewrite_done' or 'rewrite_failed', 1)
  if well then
    asked = nil
    redis.call('HDEL', ERASING, 'asked', 'rewrites')
    return result('done')
  end
  await()
  pause()
  return result('failed')
end
if asked and begun < before then await() end  -- the store has started anew, and counts anew
if not asked and since and now - since >= within / 2 then
  asked, since = since, nil
  redis.call('HDEL', ERASING, 'since')
  await()
end
if not asked or begun > before or runs or waits or now < again then return result('') end
pause()
return result('ask')
