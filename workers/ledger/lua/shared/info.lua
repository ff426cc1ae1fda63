-- A section of INFO, empty where the store does not allow it, and a field in one (nil: it has none of that name).
local function info(section)
  local reply = redis.pcall('INFO', section)
  return type(reply) == 'string' and reply or ''
end
local function info_field(text, name) return string.match(text, '[\r\n]' .. name .. ':([^\r\n]*)') end

-- The store's maxmemory and what of it is taken, in bytes. Both are 0 where INFO is not allowed, the first also where
-- none is set.
local function memory_taken()
  local text = info('memory')
  local function bytes(name) return tonumber(info_field(text, name) or 0) end
  return bytes('maxmemory'), bytes('used_memory') - bytes('mem_not_counted_for_evict')
end
