#!lua flags=no-writes
-- KEYS[1] is unused here. Returns {the store's maxmemory, what of it is taken}, in bytes, as info.lua has them.
local most, taken = memory_taken()
return { ms(most), ms(taken) }
