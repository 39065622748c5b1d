-- Makes units of a repo lasting, and adds those that are missing.
-- KEYS: the repo's units, its leases. ARGV: from which moment on they are complete ('' when they are not all there is), and
-- then action and time of each.
local units, held = KEYS[1], KEYS[2]
local from = tonumber(ARGV[1])
if from then
  local known = redis.call('ZSCORE', units, FROM)
  -- Somebody else was faster. What has been given back since must not come back.
  if known and -tonumber(known) <= from then return 0 end
  redis.call('ZADD', units, whole(-from), FROM)
end
for i = 2, #ARGV, 2 do
  redis.call('ZADD', units, ARGV[i + 1], ARGV[i])
  redis.call('HDEL', held, ARGV[i])
end
redis.call('EXPIRE', units, TTL)
return 1
