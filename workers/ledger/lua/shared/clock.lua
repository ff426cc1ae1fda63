-- The ledger's time (ms): leases, retries, rates, ages and lives are computed with it and nothing else. It keeps the
-- pace of the store's clock and takes no part in its steps. Every caller adds to the time of the last answer what has
-- passed since by its own monotonic clock (workers/ledger/clock.py); where the store's clock is off from that by more than
-- STEP, what the caller expects is the time. (A store that was frozen is the same case: nobody could renew a lease, so
-- that time does not count.) Where the caller had no answer yet, a pause in which nobody wrote counts as an hour at
-- most. And the time never goes back behind `seen`. So a step costs STEP at most, however long it is.
-- extractor:clock holds `ahead`, by how much the ledger's time is ahead of the store's clock, and `seen`, the time as
-- it was written down last, once a second.
local CLOCK, STEP, PAUSE, NOTE = 'extractor:clock', 5000, 3600000, 1000
local EXPECTED = tonumber(table.remove(ARGV))  -- '' of a caller that had no answer yet

local WALL, NOW, AHEAD, SEEN
do
  local t = redis.call('TIME')
  WALL = t[1] * 1000 + math.floor(t[2] / 1000)
  local noted = redis.call('HMGET', CLOCK, 'ahead', 'seen')
  AHEAD, SEEN = tonumber(noted[1] or 0), tonumber(noted[2] or 0)
  NOW = WALL + AHEAD
  if SEEN > 0 then
    local due = math.max(EXPECTED or 0, SEEN)
    if EXPECTED then
      if math.abs(NOW - due) > STEP then NOW = due end
    else
      NOW = math.min(NOW, SEEN + PAUSE)
    end
    NOW = math.max(NOW, SEEN)
  end
end

local function now_ms() return NOW end

-- Run before a script that writes.
local function note_time()
  if NOW - WALL ~= AHEAD then redis.call('HSET', CLOCK, 'ahead', ms(NOW - WALL)) end
  if NOW - WALL ~= AHEAD or NOW - SEEN >= NOTE then redis.call('HSET', CLOCK, 'seen', ms(NOW)) end
end

-- What a person is shown of a time to come: by the store's clock, as it is now.
local function as_shown(at) return at and ms(tonumber(at) + WALL - NOW) end
