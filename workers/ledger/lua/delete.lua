#!lua flags=allow-oom
-- Everything about a job is erased, whatever its status; an open one counts as cancelled, and the worker that runs
-- it loses its lease. ARGV: 1 id. Returns 1, or 0 for an unknown id.
return erase(ARGV[1], now_ms()) and 1 or 0
