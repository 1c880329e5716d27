-- Registers a machine's connection, or renews its lease (OWN-1, OWN-2, OWN-6). The stored epoch outlives the lease.
-- KEYS: 1 epoch, 2 machine, 3 sessions, 4 attachments; all of one hash slot.
-- ARGV: 1 "claim" or "renew", 2 epoch, 3 instance, 4 pod, 5 the greatest epoch that this instance has held, 6 lease
-- (ms), 7 memory of the epoch (ms), then the fields of the machine's hash.
-- Returns: "refused", stored epoch, stored instance; or "held", server time (ms), 1 if it was there already.
local stored = redis.call('HMGET', KEYS[1], 'epoch', 'instance', 'pod')
if stored[1] then
  local held, epoch, last = tonumber(stored[1]), tonumber(ARGV[2]), tonumber(ARGV[5])
  local refused = held > epoch
  if ARGV[1] == 'claim' then
    local repeated = held == epoch and stored[2] == ARGV[3] and stored[3] == ARGV[4]
    local superseded = last > 0 and stored[2] ~= ARGV[3] and held > last
    refused = refused or superseded or (held == epoch and not repeated)
  end
  if refused then
    return { 'refused', stored[1], stored[2] or '' }
  end
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local seen = string.format('%.0f', now)
local before = redis.call('HMGET', KEYS[2], 'epoch', 'pod', 'instance')
local there = before[1] == ARGV[2] and before[2] == ARGV[4]
if there then
  redis.call('HSET', KEYS[2], 'lastSeen', seen)
else
  if before[3] ~= ARGV[3] then
    -- Another process of the agent has other sessions.
    redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
    redis.call('HSET', KEYS[2], 'sessionCount', 0)
  end
  redis.call('HSET', KEYS[2], 'lastSeen', seen, unpack(ARGV, 8))
end
if not (stored[1] == ARGV[2] and there) then
  redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'instance', ARGV[3], 'pod', ARGV[4])
end
redis.call('PEXPIRE', KEYS[1], ARGV[7])
for key = 2, 4 do
  redis.call('PEXPIRE', KEYS[key], ARGV[6])
end
return { 'held', now, there and 1 or 0 }
