-- Marks actions as no longer open. KEYS: the actor's entries. ARGV: the actions.
for _, action in ipairs(ARGV) do
  local packed = redis.call('HGET', KEYS[1], action)
  if packed then
    local e = cmsgpack.unpack(packed)
    e[2] = 0
    redis.call('HSET', KEYS[1], action, cmsgpack.pack(e))
  end
end
return 1
