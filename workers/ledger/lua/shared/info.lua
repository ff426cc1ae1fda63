-- A section of INFO, empty where the store does not allow it, and a field in one (nil: it has none of that name).
local function info(section)
  local reply = redis.pcall('INFO', section)
  return type(reply) == 'string' and reply or ''
end
local function info_field(text, name) return string.match(text, '[\r\n]' .. name .. ':([^\r\n]*)') end
