-- Heartbeat of a pod: its hash and the lease of it, never one without the other.
-- KEYS: 1 pod. ARGV: 1 lease (ms), then the fields of the hash.
-- Returns the server time (ms).
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)
