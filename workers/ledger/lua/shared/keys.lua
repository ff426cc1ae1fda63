-- Put before every script (with the other files of this folder): the one home of the ledger's keys.
-- KEYS[1] is the tenant's prefix `extractor:{tenant}:`; the braces keep one tenant in one hash slot.
--   job:<id>          hash    everything about a job but its document
--   doc:<id>          string  the document, its bytes or (form = read) what was read of it; erased when the job ends
--   idem:<sha256>     string  "<request hash> <job or batch id>" for an Idempotency-Key
--   idems             zset    sha256 -> when the key of a job is forgotten (ms); a batch's goes with its batch
--   index             zset    all ids, score 0: ids begin with the ledger's time (clock.lua), so they sort by it
--   index:status:<s>  zset    the same by status; likewise index:schema:<ref>, index:batch:<batch>
--   queued:<priority> zset    ids of queued jobs that are not in line -> when they are put back (ms): see line.lua
--   running           zset    id -> when its lease ends (ms)
--   waiting:<priority> zset   every queued id -> its place in the tenant's line, a time (ms): see line.lua
--   open              zset    id -> when a job still open is given up (ms)
--   expiry            zset    id -> when a terminal job is erased (ms)
--   counts            hash    accepted succeeded failed cancelled (ever); queued running (now); what is held: quota.lua
--   rate              string  when the tenant's bucket of documents a minute is full again (ms)
--   events            channel "<id> <status>" on every transition, "<id> progress" between two of them
--   batches           zset    all batch ids, score 0
--   batch:<id>        hash    a batch: how far its upload is, its counts (kept by the scripts that move its jobs)
--   batch:<id>:errors zset    what is wrong with a refused line, as JSON; the score is the line
--   batch:<id>:ended  list    ids of its jobs in the order in which they ended
--   batch:<id>:custom hash    custom_id -> line, while lines arrive
--   batch:<id>:schemas hash   every schema of its jobs -> its JSON when it is an inline one, else ''
--   due               zset    batch id -> when batch_sweep.lua is to look at it (ms)
--   hook, hooks, undelivered  webhooks: see hooks.lua
-- A batch's id ends in eight zeros; its jobs' ids have the line there, in hex, so that they sort as its lines do and
-- the same line is always the same job.
-- Across tenants:
--   extractor:clock   hash    see clock.lua
--   extractor:tenants set     who has jobs or batches
--   extractor:turns:<priority>  zset  tenant -> its next turn, for those who have somebody in line: see turn.lua
--   extractor:lacking:<priority>  hash  since when there are fewer messages than jobs, and how many: see missing.lua
--   extractor:workers, extractor:workers:ready  zset  worker -> when it beat last (ms); those with a loaded model
--   extractor:worker:<id>  string  what a worker said of itself, as JSON
--   extractor:verdict:<key>  string  what a trial found of a schema; forgotten by Redis' own clock, and then tried again
--   extractor:leader  hash    the reconciler whose turn it is: worker, until (ms)
--   extractor:memory  hash    see quota.lua
--   extractor:erasing hash    what is erased and may still stand in the store's log: see rewrite.lua
--   extractor:tallies hash    what ever happened, by kind; one HINCRBY a transition
--   extractor:durations hash  see durations.lua
-- Times are the ledger's, but for those a person is shown (created, started, received, finished): those are the
-- store's. Nothing that is to be kept has an expiry of Redis' own, which a step of its clock would bring about.
local prefix = KEYS[1]

local function ms(n) return string.format('%.0f', n) end
local function job_key(id) return prefix .. 'job:' .. id end
local function doc_key(id) return prefix .. 'doc:' .. id end
local function idem_key(key) return prefix .. 'idem:' .. key end
local function index_key(kind, value) return prefix .. 'index:' .. kind .. ':' .. value end
local function batch_key(batch, part) return prefix .. 'batch:' .. batch .. (part and ':' .. part or '') end
local function worker_key(id) return 'extractor:worker:' .. id end
local function verdict_key(key) return 'extractor:verdict:' .. key end
local function turns_key(priority) return 'extractor:turns:' .. priority end
local function lacking_key(priority) return 'extractor:lacking:' .. priority end
local INDEX, RUNNING = prefix .. 'index', prefix .. 'running'
local OPEN, EXPIRY, COUNTS, EVENTS = prefix .. 'open', prefix .. 'expiry', prefix .. 'counts', prefix .. 'events'
local BATCHES, DUE, IDEMS = prefix .. 'batches', prefix .. 'due', prefix .. 'idems'
local WORKERS, READY, LEADER = 'extractor:workers', 'extractor:workers:ready', 'extractor:leader'
local ERASING = 'extractor:erasing'

local function tenant() return string.match(prefix, '{(.*)}') end
local function queued_key(priority) return prefix .. 'queued:' .. priority end
local function waiting_key(priority) return prefix .. 'waiting:' .. priority end
local function tally(what, by)
  if by ~= 0 then redis.call('HINCRBY', 'extractor:tallies', what, by) end
end
local function count(field, by) redis.call('HINCRBY', COUNTS, field, by) end
local function notify(id, status) redis.call('PUBLISH', EVENTS, id .. ' ' .. status) end
