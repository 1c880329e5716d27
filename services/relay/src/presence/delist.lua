-- Takes members out of a sorted set of leases, unless somebody has a later lease on them by now.
-- KEYS: 1 the sorted set. ARGV: lease end (ms) and member, in turn.
for at = 1, #ARGV, 2 do
  local ends = redis.call('ZSCORE', KEYS[1], ARGV[at + 1])
  if ends and tonumber(ends) <= tonumber(ARGV[at]) then
    redis.call('ZREM', KEYS[1], ARGV[at + 1])
  end
end
return 1
