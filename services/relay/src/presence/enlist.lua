-- Enters leases into a sorted set of members by lease end, and takes out what has expired. The set itself goes with its
-- last lease. A later lease end is never replaced by an earlier one.
-- KEYS: 1 the sorted set. ARGV: 1 lease (ms), then lease end (ms) and member, in turn.
redis.call('ZADD', KEYS[1], 'GT', unpack(ARGV, 2))
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
