#!lua flags=no-writes
-- What ever happened, by kind, all tenants together. KEYS[1] is unused here. Returns the hash as a flat list.
return redis.call('HGETALL', 'extractor:tallies')
