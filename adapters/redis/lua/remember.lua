-- Makes entries of an actor lasting, and adds those that are missing.
-- KEYS: the actor's entries. ARGV: from which moment on they are complete ('' when they are not all there is), and then of each
-- entry: action, time, open until (0: closed), override, decision, playbook, repo, dedup key.
local key, from = KEYS[1], tonumber(ARGV[1])
if from then
  local known = tonumber(redis.call('HGET', key, FROM) or '')
  -- Somebody else was faster. What has been given back since must not come back.
  if known and known <= from then return 0 end
  redis.call('HSET', key, FROM, whole(from))
end
for i = 2, #ARGV, 8 do
  local open = tonumber(ARGV[i + 2])
  local packed = redis.call('HGET', key, ARGV[i])
  local e = packed and cmsgpack.unpack(packed)
  if not e then
    e = {tonumber(ARGV[i + 1]), open, 0, tonumber(ARGV[i + 3]), ARGV[i + 4], ARGV[i + 5], ARGV[i + 6], ARGV[i + 7]}
  else
    e[3] = 0
    -- A repeated commit knows nothing of outcomes; the record does.
    if from and open == 0 then e[2] = 0 end
  end
  redis.call('HSET', key, ARGV[i], cmsgpack.pack(e))
end
redis.call('EXPIRE', key, TTL)
return 1
