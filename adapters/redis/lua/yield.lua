-- Deletes a claim that still holds the given value. KEYS: the claim. ARGV: the value.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
