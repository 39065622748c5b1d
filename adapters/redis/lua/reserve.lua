-- Judges all demands of an ask together, as fatigue.Judge does, and takes what is admitted, or only looks.
-- KEYS: the actor's entries (hash: action to entry; an entry is time, open until, lease end, override, decision, playbook, repo,
--   dedup key; 0 stands for no time).
-- ARGV: server time or '', time of the ask, '1' to take, lease, how long an action is open, decision, repo, dedup key, the limits
--   per decision, hour and day; of the repo: units in use ('' where no limit is judged), those of them not later than its
--   time, its time; and then of each demand: action, playbook, limit per playbook, limit per repo
--   ('' where there is none), cool-down, quiet, may override, repetitive until, times of the repo from which room is told.
-- Answers {0, now} where the actor must be seeded first, else {1, now}, and for each demand: admitted, override, number of the
--   reason, observed, limit, lifts, overrides (0: no such time), never.
local CAP_DECISION, DUPLICATE, REPETITION, QUIET, COOLDOWN = 1, 2, 3, 4, 5
local CAP_PLAYBOOK, CAP_HOUR, CAP_DAY, CAP_REPO, CAP_OVERRIDE = 6, 7, 8, 9, 10
local OVERRIDES, MINUTE = 5, 60000000
local FIRST, WIDTH = 15, 9

local key = KEYS[1]
local real = clock(ARGV[1])
local now = moment(tonumber(ARGV[2]), real)
local take, lease, openfor = ARGV[3] == '1', tonumber(ARGV[4]), tonumber(ARGV[5])
local decision, repo, dedup = ARGV[6], ARGV[7], ARGV[8]
local perdecision, perhour, perday = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local inuse, past, theirs = tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])

-- Whoever asks again after a lost answer finds its own units; they are not others'.
local mine = {}
for i = FIRST, #ARGV, WIDTH do mine[ARGV[i]] = true end

local from
local entries, expired, units, overrides, own = {}, {}, {}, {}, 0
local fields = redis.call('HGETALL', key)
for i = 1, #fields, 2 do
  local name = fields[i]
  if name == FROM then
    from = tonumber(fields[i + 1])
  else
    local e = cmsgpack.unpack(fields[i + 1])
    if e[3] ~= 0 and real >= e[3] then
      expired[#expired + 1] = name -- it stays a while: a late commit must know whether it was closed
    elseif mine[name] then
      if take then redis.call('HDEL', key, name) end
    else
      e.name = name
      entries[#entries + 1] = e
      units[#units + 1] = e[1]
      if decision ~= '' and e[5] == decision then own = own + 1 end
      if e[4] == 1 and near(e[1], now, DAY) then overrides[#overrides + 1] = e[1] end
    end
  end
end
if not from or now < from then return {0, now} end

local function within(times, window)
  local out = {}
  for _, t in ipairs(times) do
    if near(t, now, window) then out[#out + 1] = t end
  end
  return out
end

-- room is when enough units have left their window for one more; nil when the limit is zero.
local function room(times, limit, window)
  if limit <= 0 then return nil end
  table.sort(times)
  return times[#times - limit + 1] + window
end

-- roomInRepo is the same over the repo's units and the own ones, of which there are some already.
local function roomInRepo(limit, times, taken)
  if limit <= 0 then return nil end
  local known = {}
  for t in string.gmatch(times, '%S+') do known[#known + 1] = tonumber(t) end
  local leaves, at, first = inuse + taken - limit, nil, math.max(0, inuse - limit)
  if leaves < past then
    at = known[leaves - first + 1]
  elseif leaves < past + taken then
    at = theirs
  else
    at = known[leaves - taken - first + 1]
  end
  return at + DAY
end

-- standing is how a playbook stands with the actor, this decision's own units not counted.
local memo = {}
local function standing(playbook)
  local s = memo[playbook]
  if s then return s end
  s = {today = {}, here = {}, open = 0}
  local first = {}
  for _, e in ipairs(entries) do
    if e[6] == playbook and (decision == '' or e[5] ~= decision) then
      if near(e[1], now, DAY) and (not first[e[5]] or e[1] < first[e[5]]) then first[e[5]] = e[1] end
      if e[7] == repo then s.here[#s.here + 1] = e[1] end
      if dedup ~= '' and e[8] == dedup and e[2] > now and e[1] < now + DAY and e[2] > s.open then s.open = e[2] end
    end
  end
  for _, t in pairs(first) do s.today[#s.today + 1] = t end
  memo[playbook] = s
  return s
end

local added, inrepo = {}, 0
local function judge(i)
  local v = {reason = 0, observed = 0, limit = 0, lifts = 0, overrides = 0, never = 0}
  local function no(reason, observed, limit, lifts)
    if v.reason == 0 then v.reason, v.observed, v.limit = reason, observed, limit end
    if not lifts then
      v.never = 1
    elseif lifts > v.lifts then
      v.lifts = lifts
    end
  end
  local function capped(reason, times, limit, window)
    local hit = within(times, window)
    if #hit >= limit then no(reason, #hit, limit, room(hit, limit, window)) end
  end
  local action, playbook = ARGV[i], ARGV[i + 1]
  local perplaybook, perrepo, cooldown = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]), tonumber(ARGV[i + 4])
  local quiet, may, repetitive, times = ARGV[i + 5] == '1', ARGV[i + 6] == '1', tonumber(ARGV[i + 7]), ARGV[i + 8]
  local st = standing(playbook)

  if own >= perdecision then no(CAP_DECISION, own, perdecision, nil) end
  if st.open > now then no(DUPLICATE, 0, 0, st.open) end
  if repetitive > now then no(REPETITION, 0, 0, repetitive) end
  local last
  for _, t in ipairs(st.here) do
    if near(t, now, cooldown) and (not last or t > last) then last = t end
  end
  local override = may and (quiet or last ~= nil)
  if quiet and not override then no(QUIET, 0, 0, now) end
  if last and not override then
    local minutes = (now - last) / MINUTE
    no(COOLDOWN, minutes < 0 and math.ceil(minutes) or math.floor(minutes), math.floor(cooldown / MINUTE), last + cooldown)
  end
  if perplaybook then capped(CAP_PLAYBOOK, st.today, perplaybook, DAY) end
  capped(CAP_HOUR, units, perhour, HOUR)
  capped(CAP_DAY, units, perday, DAY)

  local spent = #overrides >= OVERRIDES
  if inuse then
    local n = inuse + inrepo
    if perrepo and n >= perrepo then no(CAP_REPO, n, perrepo, roomInRepo(perrepo, times, inrepo)) end
  end
  if may and v.never == 0 then
    v.overrides = math.max(v.lifts, now)
    if spent then v.overrides = math.max(v.overrides, room(overrides, OVERRIDES, DAY)) end
  end
  if override and spent then no(CAP_OVERRIDE, #overrides, OVERRIDES, last and last + cooldown or now) end
  if v.reason ~= 0 then return {0, 0, v.reason, v.observed, v.limit, v.lifts, v.overrides, v.never} end

  units[#units + 1], own, inrepo = now, own + 1, inrepo + 1
  if override then overrides[#overrides + 1] = now end
  added[#added + 1] = {action, {now, now + openfor, real + lease, override and 1 or 0, decision, playbook, repo, dedup}}
  return {1, override and 1 or 0, 0, 0, 0, 0, 0, 0}
end

local reply = {1, now}
for i = FIRST, #ARGV, WIDTH do
  for _, n in ipairs(judge(i)) do reply[#reply + 1] = n end
end

-- tidy drops what fatigue.Live drops at the given moment: nothing that an ask made there or later would miss. What is leased
-- stays: it may have been taken for an ask about another time.
local function tidy(at)
  local latest = {}
  for _, e in ipairs(entries) do
    local spot = e[6] .. '|' .. e[7]
    if e[3] == 0 and e[1] <= at and e[1] > (latest[spot] or 0) then latest[spot] = e[1] end
  end
  for _, e in ipairs(entries) do
    if e[3] == 0 and e[1] <= at - DAY and e[2] <= at and (e[1] <= at - HISTORY or e[1] < (latest[e[6] .. '|' .. e[7]] or 0)) then
      redis.call('HDEL', key, e.name)
    end
  end
  redis.call('HSET', key, FROM, whole(at))
end

if take then
  for _, a in ipairs(added) do redis.call('HSET', key, a[1], cmsgpack.pack(a[2])) end
  if #fields / 2 + #added > ROOMY then
    for _, name in ipairs(expired) do
      if not mine[name] then redis.call('HDEL', key, name) end
    end
    local floor = math.min(now, real) - SLACK
    if floor >= from + SLACK then tidy(floor) end
  end
end
redis.call('EXPIRE', key, TTL)
return reply
