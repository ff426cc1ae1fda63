-- What the store says of itself: a section of INFO, empty where it may not be asked, and a figure in one (nil: not told).
local function info(section)
  local said = redis.pcall('INFO', section)
  return type(said) == 'string' and said or ''
end
local function figure(said, name) return string.match(said, '[\r\n]' .. name .. ':([^\r\n]*)') end
