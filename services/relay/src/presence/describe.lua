-- Replaces what is shown of a machine's sessions and attachments, if this epoch holds the machine.
-- KEYS: 1 machine, 2 sessions, 3 attachments; all of one hash slot.
-- ARGV: 1 epoch, 2 number of sessions, then id and JSON of each session, then of each attachment.
-- Returns 1, or 0 without ownership.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return 0
end
local lease = redis.call('PTTL', KEYS[1])

local function replace(key, first, last)
  redis.call('DEL', key)
  -- Lua's unpack has a limit of its own, at about 8000.
  for at = first, last, 1000 do
    redis.call('HSET', key, unpack(ARGV, at, math.min(at + 999, last)))
  end
  redis.call('PEXPIRE', key, lease)
end

local attachments = 3 + 2 * ARGV[2]
replace(KEYS[2], 3, attachments - 1)
replace(KEYS[3], attachments, #ARGV)
redis.call('HSET', KEYS[1], 'sessionCount', ARGV[2])
return 1
