-- Ends a machine's lease, if this epoch holds it. The stored epoch stays (OWN-1).
-- KEYS: 1 machine, 2 sessions, 3 attachments; all of one hash slot.
-- ARGV: 1 epoch.
-- Returns the user id and the server time (ms), or nothing without ownership.
local held = redis.call('HMGET', KEYS[1], 'epoch', 'userId')
if held[1] ~= ARGV[1] then
  return false
end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
local time = redis.call('TIME')
return { held[2], time[1] * 1000 + math.floor(time[2] / 1000) }
