#!lua flags=no-writes
-- Who has jobs in the ledger. KEYS[1] is unused here.
return redis.call('SMEMBERS', 'extractor:tenants')
