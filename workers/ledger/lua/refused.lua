#!lua flags=allow-oom
-- The store was asked to rewrite its append-only file, and will not. KEYS[1] is unused here.
tally('rewrite_refused', 1)
return 1
