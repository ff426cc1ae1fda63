#!lua flags=no-writes
-- How the store keeps what it has: {its maxmemory-policy, '1' where it writes an append-only file and '0' where not}, ''
-- where INFO is not allowed.
return { info_field(info('memory'), 'maxmemory_policy') or '', info_field(info('persistence'), 'aof_enabled') or '' }
