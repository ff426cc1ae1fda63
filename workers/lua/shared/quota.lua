-- A tenant may bring `rate` documents a minute, a minute's worth of them at once: the generic cell rate algorithm
-- (ITU-T I.371), whose one number says when the bucket is full again. A rate of 0 is none.
local MINUTE, RATE = 60000, prefix .. 'rate'
local function rate_full(now) return math.max(now, tonumber(redis.call('GET', RATE) or 0)) end

-- How many documents there is room for now.
local function rate_room(now, rate)
  if rate == 0 then return math.huge end
  return math.floor((now + MINUTE - rate_full(now)) * rate / MINUTE + 1e-6)
end

-- In how many ms there is room for n, which are a minute's worth at most.
local function rate_wait(now, rate, n)
  return ms(math.max(1, math.ceil(rate_full(now) + n * MINUTE / rate - MINUTE - now - 1e-3)))
end

local function rate_take(now, rate, n)
  if rate == 0 then return end
  local full = rate_full(now) + n * MINUTE / rate
  redis.call('SET', RATE, string.format('%.3f', full))
end
