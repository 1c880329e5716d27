-- The members of a sorted set whose leases hold; expired ones are taken out.
-- KEYS: 1 the sorted set.
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', time[1] * 1000 + math.floor(time[2] / 1000))
return redis.call('ZRANGE', KEYS[1], 0, -1)
