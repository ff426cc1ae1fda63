#!lua flags=no-writes
-- A batch, and how fast its documents end: {hash as a flat list, how many of the last 200 ended since, then (ms), now,
-- workers alive, workers ready}.
-- An empty list for one that is unknown, has expired or is being erased. ARGV: 1 id, 2 ms after which a silent worker is
-- gone.
local flat, key = redis.call('HGETALL', batch_key(ARGV[1])), batch_key(ARGV[1])
if #flat == 0 or redis.call('HEXISTS', key, 'erase') == 1 or over(redis.call('HGET', key, 'expires')) then return {} end
local ended = batch_key(ARGV[1], 'ended')
local recent = math.min(200, redis.call('LLEN', ended))
local first = recent > 0 and fields(redis.call('LINDEX', ended, -recent), 'finished')[1]
return { shown(flat), recent, first or false, ms(WALL), alive(now_ms(), tonumber(ARGV[2])) }
