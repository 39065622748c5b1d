-- What the scripts share. Times and durations are microseconds: the largest whole numbers that Lua keeps exactly.
local HOUR, DAY = 3600000000, 86400000000
local HISTORY = 7 * DAY     -- the longest cool-down
local SLACK = HOUR          -- how far apart the clocks of two asks may be and still be judged by the same memory
local LIVE = 60000000       -- an ask made this close to the server's time is about the present
local TTL = 86400           -- seconds; renewed by every use
local ROOMY = 128           -- entries an actor may gather before those that no longer matter are dropped
-- The field, or member, that says a key was seeded, and from which moment on asks can be judged by it. It is no id: no id
-- holds a '|'.
local FROM = '|from'

-- whole writes a number for Redis: Lua's own way would round it.
local function whole(n) return string.format('%.0f', n) end

-- clock gives the server's time, or the one that was given.
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000000 + tonumber(t[2])
end

-- moment is what an ask is judged at: the server's time if it is about the present, else the moment that it names.
local function moment(asked, real)
  if math.abs(asked - real) < LIVE then return real end
  return asked
end

local function near(t, now, window) return t > now - window and t < now + window end
