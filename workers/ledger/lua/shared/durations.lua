-- How long jobs took, as histograms for /metrics, all tenants together. extractor:durations is a hash:
--   <name>:<bound>  how many took at most that many seconds, and longer than the bound before; `inf`: longer than all
--   <name>:ms       how long they took together
-- A name is `<what>:<priority>`, or `<what>:<priority>:<outcome>`. Here is the one home of the bounds.
local DURATIONS = 'extractor:durations'
local BOUNDS = { 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400 }

-- `since`: the ledger's time (ms).
local function observe(name, since)
  local took, le = math.max(0, NOW - since), 'inf'
  for _, bound in ipairs(BOUNDS) do
    if took <= bound * 1000 then
      le = tostring(bound)
      break
    end
  end
  redis.call('HINCRBY', DURATIONS, name .. ':' .. le, 1)
  redis.call('HINCRBY', DURATIONS, name .. ':ms', ms(took))
end

-- When the POST came that brought the job, or its batch: ids begin with the ledger's time.
local function posted(id) return tonumber(string.sub(id, 1, 12), 16) end
