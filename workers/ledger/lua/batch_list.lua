#!lua flags=no-writes
-- Ids of batches, newest first. ARGV: 1 cursor (an id, exclusive) or '', 2 limit.
return redis.call('ZREVRANGEBYLEX', BATCHES, ARGV[1] == '' and '+' or '(' .. ARGV[1], '-', 'LIMIT', 0, ARGV[2])
