-- Ends a machine's lease, if this epoch holds it. The stored epoch stays (OWN-1).
-- KEYS: 1 machine, 2 sessions, 3 attachments; all of one hash slot.
-- ARGV: 1 epoch.
-- Returns the user id and when the machine was last seen (ms), or nothing without ownership.
local held = redis.call('HMGET', KEYS[1], 'epoch', 'userId', 'lastSeen')
if held[1] ~= ARGV[1] then
  return false
end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
return { held[2], held[3] }
