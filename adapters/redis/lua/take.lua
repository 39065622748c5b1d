-- Takes units of a repo, or only looks.
-- KEYS: the repo's units (sorted set: action by time), its leases (hash: action to end).
-- ARGV: server time or '', time of the ask, '1' to take, lease, number of actions to give back first, those actions, and then
--   action and limit of each demand, '' where it has none.
-- Answers {0, now} where the repo must be seeded first, else {1, now, units in use, those of them not later than now}, and for
-- each demand whether it got a unit and the times that tell when there would be room.
local units, held = KEYS[1], KEYS[2]
local real = clock(ARGV[1])
local now = moment(tonumber(ARGV[2]), real)
local take, lease, back = ARGV[3] == '1', tonumber(ARGV[4]), tonumber(ARGV[5])
local first = 6 + back

local from = redis.call('ZSCORE', units, FROM)
if not from or now < -tonumber(from) then return {0, now} end

local function drop(action)
  redis.call('ZREM', units, action)
  redis.call('HDEL', held, action)
end
for i = 6, first - 1 do drop(ARGV[i]) end
local leases = redis.call('HGETALL', held)
for i = 1, #leases, 2 do
  if real >= tonumber(leases[i + 1]) then drop(leases[i]) end
end

local below = redis.call('ZCOUNT', units, '-inf', whole(now - DAY))
local n = redis.call('ZCOUNT', units, '(' .. whole(now - DAY), '(' .. whole(now + DAY))
local past = redis.call('ZCOUNT', units, '(' .. whole(now - DAY), whole(now))
local reply, taken = {1, now, n, past}, {}
-- Whichever of the demands the actor's script then refuses, those that it admits need no more units than are taken here: leaving
-- a demand out never makes the others take more in all.
for i = first, #ARGV, 2 do
  local before, limit, times = (i - first) / 2, tonumber(ARGV[i + 1]), {}
  local granted = not limit or n + #taken < limit
  if granted then taken[#taken + 1] = ARGV[i] end
  -- Some of the demands before this one may come to nothing, so that each of these may be the unit that must leave first.
  if limit and limit > 0 and n + before >= limit then
    local at, last = math.max(0, n - limit), math.min(n - 1, n - limit + before)
    if at <= last then
      local found = redis.call('ZRANGE', units, whole(below + at), whole(below + last), 'WITHSCORES')
      for k = 2, #found, 2 do times[#times + 1] = found[k] end
    end
  end
  reply[#reply + 1] = granted and 1 or 0
  reply[#reply + 1] = table.concat(times, ' ')
end

if take then
  for _, action in ipairs(taken) do
    redis.call('ZADD', units, whole(now), action)
    redis.call('HSET', held, action, whole(real + lease))
  end
  local floor = math.min(now, real) - SLACK
  if floor >= SLACK - tonumber(from) then
    -- What is leased stays: it may have been taken for an ask about another time.
    local kept = {}
    for _, action in ipairs(redis.call('HKEYS', held)) do kept[action] = redis.call('ZSCORE', units, action) end
    redis.call('ZREMRANGEBYSCORE', units, '(0', whole(floor - DAY))
    for action, at in pairs(kept) do
      if at then redis.call('ZADD', units, at, action) end
    end
    redis.call('ZADD', units, whole(-floor), FROM)
  end
end
redis.call('EXPIRE', units, TTL)
redis.call('EXPIRE', held, TTL)
return reply
