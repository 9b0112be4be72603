-- Runs a batch of operations on open exchanges, running totals and limits, each by itself.
--
-- KEYS[1]  any key of the slot (routes the call on a cluster)
-- ARGV[1]  the caller's generation; an operation on a tag with another one changes nothing
-- ARGV[2]  how many milliseconds entries are kept at least after PostgreSQL had them
-- ARGV[3…] operations, eight values each: name, tag, account, request, a, b, c, d
--   O  open          a = the mark                b = its reservation   c = limits or ''   d = ''
--   C  close         a = quantity (thousandths)  b = the entry         c = usage          d = tokens or ''
--   A  acknowledge   a = base                    b = its version       c = usage          d = used|version or ''
--   B  base          a = base                    b = its version       c, d = ''
--   S  strike        a, b, c, d = ''
--   K  keep          a = the entry               b, c, d = ''
-- usage is what is counted and in which period: tokens:<start> or messages:<start>.
-- limits are usage|hard|used|version|requests|tokens|most: a hard cap in thousandths, and what PostgreSQL says was used
-- ('' when it was not asked); requests and tokens a minute, and the most tokens that the exchange may use ('' for none).
-- tokens are limit|reserved|used: what the open took of the tokens a minute, and what was used.
--
-- Answers {seconds, microseconds, reply…}; a reply is {code, base, pending} with code
--   1 applied, 2 applied without a mark, 0 known before, -1 other generation, or {-2, error}.
-- An open with limits is answered {code, '', '', used, pending, reserved, requests, tokens}, the last two in 60,000ths
-- of one that are taken of the minute ('' without such a limit), with code
--   1 or 0 as above, 3 the cap is reached, 4 a rate is used up, 5 what was used is not known: ask PostgreSQL, and again.
-- Refused opens change nothing but what is known.
--
-- Keys, all under tg:{tag}: — gen (string), open (hash: request -> mark), pending (hash: request ->
-- account, usage, quantity and entry), kept (stream of acknowledged entries), closed:<request> (marker, 5 min),
-- acc:<account> (hash: base, ver, pend), cap:<client> (hash, a day after its last limited open), rate:<client> (hash,
-- until nothing is taken). An account's total is base + pend.
--
-- cap:<client> is there for clients with a cap. While it is, held is the sum of the reservations of the client's marks,
-- and pend:<usage> that of its pending entries. base and ver are PostgreSQL's word for the usage and generation in
-- asked; it counts when known says the same. What was used is base + pend:<usage>. When it is made, and before it
-- refuses, though not always, held and pend are counted anew from marks and entries.
--
-- Each operation looks before its first write and sets its marker last, so repeating it is harmless.
--
-- This is version 2. Version 1 knew no limits: six values an operation, no usage in pending entries. Both may run side
-- by side. What version 1 strikes or acknowledges it does not take off held and pend: the counting anew does.

local CLOSED_SECONDS = 300
local CAP_SECONDS = 86400
local RECOUNT_SECONDS = 10
local RECOUNT_MAX = 10000
local MINUTE = 60000
local RATE_MILLISECONDS = 2 * MINUTE + 5000

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local generations = {}

local function generation(prefix)
  local known = generations[prefix]
  if known == nil then
    known = redis.call('HGET', prefix .. 'gen', 'id') or ''
    generations[prefix] = known
  end
  return known
end

local function total(code, account)
  local held = redis.call('HMGET', account, 'base', 'pend')
  return {code, held[1] or '', held[2] or '0'}
end

-- On the text, because a Lua number is not exact beyond 2^53, and Redis takes '-0' for no integer.
local function negative(quantity)
  if quantity == '0' then
    return quantity
  end
  return string.sub(quantity, 1, 1) == '-' and string.sub(quantity, 2) or '-' .. quantity
end

-- Caps are at most 10^15 thousandths, so what decides about them is exact.
local function text(number)
  return string.format('%.0f', number)
end

local function keep(prefix, entry)
  redis.call('XADD', prefix .. 'kept', 'MINID', '~', text(now - tonumber(ARGV[2])), '*', 'e', entry)
end

local function client_of(account)
  return string.sub(account, 1, string.find(account, ':', 1, true) - 1)
end

-- Whether the exchange is closed and whether its client has a cap: one call for the many that are and have not.
local function look(closed, cap)
  local there = redis.call('EXISTS', closed, cap)
  if there == 0 or there == 2 then
    return there == 2, there == 2
  end
  local is_closed = redis.call('EXISTS', closed) == 1
  return is_closed, not is_closed
end

-- Takes the mark away, and with it what it reserves.
local function unmark(prefix, cap, is_capped, request)
  local mark = is_capped and redis.call('HGET', prefix .. 'open', request)
  if mark then
    redis.call('HINCRBY', cap, 'held', negative(string.match(mark, '^[^|]*|[^|]*|[^|]*|[^|]*|(%d+)')))
  end
  return redis.call('HDEL', prefix .. 'open', request)
end

local function recount(prefix, cap, client)
  local held = 0
  for _, mark in ipairs(redis.call('HVALS', prefix .. 'open')) do
    local owner, reservation = string.match(mark, '^[^|]*|([^|:]*):[^|]*|[^|]*|[^|]*|(%d+)')
    if owner == client then
      held = held + tonumber(reservation)
    end
  end
  local pending = {}
  for _, entry in ipairs(redis.call('HVALS', prefix .. 'pending')) do
    local owner, usage, quantity = string.match(entry, '^([^:]*):%d+ (%S+)\n(%-?%d+)\n')
    if owner == client then
      pending[usage] = (pending[usage] or 0) + tonumber(quantity)
    end
  end
  for _, field in ipairs(redis.call('HKEYS', cap)) do
    if string.sub(field, 1, 5) == 'pend:' then
      redis.call('HDEL', cap, field)
    end
  end
  redis.call('HSET', cap, 'held', text(held), 'recounted', time[1])
  for usage, quantity in pairs(pending) do
    redis.call('HSET', cap, 'pend:' .. usage, text(quantity))
  end
end

local function raise(cap, base, version)
  if tonumber(version) > tonumber(redis.call('HGET', cap, 'ver') or '-1') then
    redis.call('HSET', cap, 'base', base, 'ver', version)
  end
end

-- Whether it is known what was used. The question is noted before PostgreSQL is asked, so that what it commits after
-- its answer is raised here by an acknowledgement.
local function knows(prefix, cap, client, usage, base, version)
  if redis.call('EXISTS', cap) == 0 then
    recount(prefix, cap, client)
  end
  redis.call('EXPIRE', cap, CAP_SECONDS)
  local here = ARGV[1] .. '/' .. usage
  local held = redis.call('HMGET', cap, 'asked', 'known')
  if held[1] ~= here then
    redis.call('HDEL', cap, 'known', 'base', 'ver')
    redis.call('HSET', cap, 'asked', here)
    return false
  end
  if held[2] ~= here and version ~= '' then
    raise(cap, base, version)
    redis.call('HSET', cap, 'known', here)
  end
  return held[2] == here or version ~= ''
end

local function against(cap, usage)
  local held = redis.call('HMGET', cap, 'base', 'pend:' .. usage, 'held')
  return tonumber(held[1] or '0'), tonumber(held[2] or '0'), tonumber(held[3] or '0')
end

-- A refusal is the one thing that must not be wrong for long: sums are not trusted with it alone.
local function may_recount(prefix, cap)
  local since = tonumber(time[1]) - tonumber(redis.call('HGET', cap, 'recounted') or '0')
  return (since >= RECOUNT_SECONDS or since < 0)
    and redis.call('HLEN', prefix .. 'open') + redis.call('HLEN', prefix .. 'pending') <= RECOUNT_MAX
end

local function bounded(amount, limit)
  return math.max(0, math.min(amount, (2 * limit - 1) * MINUTE))
end

-- What is taken of a minute: each millisecond gives back the limit, and a minute's rest all. After a step of the clock
-- backwards time goes on from there; no step and no lowered limit makes anybody wait for more than a minute.
local function taken(rate, name, limit)
  local held = redis.call('HMGET', rate, name, name .. ':at')
  local amount = tonumber(held[1] or '0')
  local since = now - tonumber(held[2] or now)
  if since < 0 then
    redis.call('HSET', rate, name .. ':at', text(now))
  else
    amount = amount - math.min(since, 2 * MINUTE) * limit
  end
  return bounded(amount, limit)
end

local function take(rate, name, limit, amount)
  local after = bounded(amount, limit)
  redis.call('HSET', rate, name, text(after), name .. ':at', text(now))
  redis.call('PEXPIRE', rate, RATE_MILLISECONDS)
  return after
end

-- Holds an exchange that wants to be marked against its client's limits, and takes its part of the rates.
local function admit(prefix, cap, client, request, limits)
  local usage, hard, base, version, requests, tokens, most =
    string.match(limits, '^(.-)|(.-)|(.-)|(.-)|(.-)|(.-)|(.-)$')
  local is_marked = redis.call('HEXISTS', prefix .. 'open', request) == 1
  local reply = {1, '', '', '', '', '', '', ''}
  if usage ~= '' then
    if not knows(prefix, cap, client, usage, base, version) then
      reply[1] = 5
      return reply
    end
    local used, pending, held = against(cap, usage)
    if used + pending + held >= tonumber(hard) and not is_marked and may_recount(prefix, cap) then
      recount(prefix, cap, client)
      used, pending, held = against(cap, usage)
    end
    reply[4], reply[5], reply[6] = text(used), text(pending), text(held)
    if used + pending + held >= tonumber(hard) and not is_marked then
      reply[1] = 3
    end
  end
  local rate = prefix .. 'rate:' .. client
  local by_requests, by_tokens = tonumber(requests), tonumber(tokens)
  local requests_taken = by_requests and taken(rate, 'requests', by_requests)
  local tokens_taken = by_tokens and taken(rate, 'tokens', by_tokens)
  if reply[1] == 1 and not is_marked then
    if by_requests and requests_taken + MINUTE > by_requests * MINUTE
        or by_tokens and tokens_taken + MINUTE > by_tokens * MINUTE then
      reply[1] = 4
    else
      requests_taken = by_requests and take(rate, 'requests', by_requests, requests_taken + MINUTE)
      tokens_taken = by_tokens and take(rate, 'tokens', by_tokens, tokens_taken + tonumber(most) * MINUTE)
    end
  end
  reply[7] = by_requests and text(requests_taken) or ''
  reply[8] = by_tokens and text(tokens_taken) or ''
  return reply
end

local operations = {}

operations.O = function(prefix, account, request, mark, reservation, limits)
  local client = client_of(account)
  local cap = prefix .. 'cap:' .. client
  local is_closed, is_capped = look(prefix .. 'closed:' .. request, cap)
  if is_closed then
    return {0, '', ''}
  end
  local reply = {1, '', ''}
  if limits ~= '' then
    reply = admit(prefix, cap, client, request, limits)
    if reply[1] ~= 1 then
      return reply
    end
    is_capped = redis.call('EXISTS', cap) == 1
  end
  if redis.call('HSET', prefix .. 'open', request, mark) == 1 and is_capped then
    redis.call('HINCRBY', cap, 'held', reservation)
  end
  return reply
end

operations.C = function(prefix, account, request, quantity, entry, usage, tokens)
  local client = client_of(account)
  local cap = prefix .. 'cap:' .. client
  local totals = prefix .. 'acc:' .. account
  local is_closed, is_capped = look(prefix .. 'closed:' .. request, cap)
  if is_closed or redis.call('HEXISTS', prefix .. 'pending', request) == 1 then
    return total(0, totals)
  end
  redis.call('HINCRBY', totals, 'pend', quantity)
  redis.call('HSET', prefix .. 'pending', request, account .. ' ' .. usage .. '\n' .. quantity .. '\n' .. entry)
  local marked = unmark(prefix, cap, is_capped, request)
  if is_capped then
    redis.call('HINCRBY', cap, 'pend:' .. usage, quantity)
  end
  if tokens ~= '' then
    local limit, reserved, used = string.match(tokens, '^(%d+)|(%d+)|(%d+)$')
    local rate = prefix .. 'rate:' .. client
    local correction = (tonumber(used) - (marked == 1 and tonumber(reserved) or 0)) * MINUTE
    take(rate, 'tokens', tonumber(limit), taken(rate, 'tokens', tonumber(limit)) + correction)
  end
  redis.call('SET', prefix .. 'closed:' .. request, '1', 'EX', CLOSED_SECONDS)
  return total(marked == 1 and 1 or 2, totals)
end

operations.A = function(prefix, account, request, base, version, usage, used)
  local cap = prefix .. 'cap:' .. client_of(account)
  local totals = prefix .. 'acc:' .. account
  local is_capped = redis.call('EXISTS', cap) == 1
  local held = redis.call('HGET', prefix .. 'pending', request)
  if held then
    local _, last, quantity = string.find(held, '\n(%-?%d+)\n')
    redis.call('HINCRBY', totals, 'pend', negative(quantity))
    redis.call('HDEL', prefix .. 'pending', request)
    keep(prefix, string.sub(held, last + 1))
    local counted = is_capped and string.match(held, '^[^ \n]* (%S+)\n')
    if counted and redis.call('HINCRBY', cap, 'pend:' .. counted, negative(quantity)) == 0 then
      redis.call('HDEL', cap, 'pend:' .. counted)
    end
  end
  -- Where nothing is pending the sum is 0, even if somebody has deleted a key that it was made of.
  if redis.call('EXISTS', prefix .. 'pending') == 0 then
    redis.call('HSET', totals, 'pend', '0')
  end
  if tonumber(version) > tonumber(redis.call('HGET', totals, 'ver') or '-1') then
    redis.call('HSET', totals, 'base', base, 'ver', version)
  end
  if is_capped and used ~= '' and redis.call('HGET', cap, 'asked') == ARGV[1] .. '/' .. usage then
    raise(cap, string.match(used, '^(%-?%d+)|(%-?%d+)$'))
  end
  unmark(prefix, cap, is_capped, request)
  redis.call('SET', prefix .. 'closed:' .. request, '1', 'EX', CLOSED_SECONDS)
  return total(held and 1 or 0, totals)
end

-- An account that is not there is made by its next exchange. The base of the same version is given as it was.
operations.B = function(prefix, account, request, base, version)
  local totals = prefix .. 'acc:' .. account
  if redis.call('EXISTS', totals) == 0 then
    return {0, '', ''}
  end
  local held = redis.call('HMGET', totals, 'base', 'ver')
  local known = tonumber(held[2] or '-1')
  if tonumber(version) < known then
    return {0, '', ''}
  end
  redis.call('HSET', totals, 'base', base, 'ver', version)
  if tonumber(version) > known then
    return {1, base, '0'}
  end
  return {0, held[1] or '', '0'}
end

operations.K = function(prefix, account, request, entry)
  keep(prefix, entry)
  return {1, '', ''}
end

-- Whose mark is struck may have written its entry to PostgreSQL and told nobody here: that has to be asked again.
operations.S = function(prefix, account, request)
  local cap = prefix .. 'cap:' .. client_of(account)
  local is_capped = redis.call('EXISTS', cap) == 1
  local struck = unmark(prefix, cap, is_capped, request)
  if struck == 1 and is_capped then
    redis.call('HDEL', cap, 'known')
  end
  return {struck, '', ''}
end

local answer = {time[1], time[2]}
for i = 3, #ARGV, 8 do
  local prefix = 'tg:{' .. ARGV[i + 1] .. '}:'
  if generation(prefix) ~= ARGV[1] then
    answer[#answer + 1] = {-1, '', ''}
  else
    local done, reply = pcall(operations[ARGV[i]], prefix, ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5],
      ARGV[i + 6], ARGV[i + 7])
    if not done then
      reply = {-2, type(reply) == 'table' and (reply.err or 'error') or tostring(reply), ''}
    end
    answer[#answer + 1] = reply
  end
end
return answer
