-- Runs a batch of operations on open exchanges and running totals, each by itself.
--
-- KEYS[1]  any key of the slot (routes the call on a cluster)
-- ARGV[1]  the caller's generation; an operation on a tag with another one changes nothing
-- ARGV[2]  the time below which kept entries are trimmed, as the first part of a stream id
-- ARGV[3…] operations, six values each: name, tag, account, request, a, b
--   O  open          a = the mark                b = ''
--   C  close         a = quantity (thousandths)  b = the entry
--   A  acknowledge   a = base                    b = its version
--   S  strike        a = ''                      b = ''
--   K  keep          a = the entry               b = ''
--
-- Answers {seconds, microseconds, reply…}; a reply is {code, base, pending} with code
--   1 applied, 2 applied without a mark, 0 known before, -1 other generation, or {-2, error}.
--
-- Keys, all under tg:{tag}: — gen (string), open (hash: request -> mark), pending (hash: request ->
-- account, quantity and entry), kept (stream of acknowledged entries), closed:<request> (marker, 5 min),
-- acc:<account> (hash: base, ver, pend). An account's total is base + pend.
--
-- Each operation looks before its first write and sets its marker last, so repeating it is harmless.

local CLOSED_SECONDS = 300

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

local function keep(prefix, entry)
  redis.call('XADD', prefix .. 'kept', 'MINID', '~', ARGV[2], '*', 'e', entry)
end

local operations = {}

operations.O = function(prefix, account, request, mark)
  if redis.call('EXISTS', prefix .. 'closed:' .. request) == 1 then
    return {0, '', ''}
  end
  redis.call('HSET', prefix .. 'open', request, mark)
  return {1, '', ''}
end

operations.C = function(prefix, account, request, quantity, entry, name)
  if redis.call('EXISTS', prefix .. 'closed:' .. request) == 1
      or redis.call('HEXISTS', prefix .. 'pending', request) == 1 then
    return total(0, account)
  end
  redis.call('HINCRBY', account, 'pend', quantity)
  redis.call('HSET', prefix .. 'pending', request, name .. '\n' .. quantity .. '\n' .. entry)
  local marked = redis.call('HDEL', prefix .. 'open', request)
  redis.call('SET', prefix .. 'closed:' .. request, '1', 'EX', CLOSED_SECONDS)
  return total(marked == 1 and 1 or 2, account)
end

operations.A = function(prefix, account, request, base, version)
  local held = redis.call('HGET', prefix .. 'pending', request)
  if held then
    local _, last, quantity = string.find(held, '\n(%-?%d+)\n')
    redis.call('HINCRBY', account, 'pend', negative(quantity))
    redis.call('HDEL', prefix .. 'pending', request)
    keep(prefix, string.sub(held, last + 1))
  end
  if tonumber(version) > tonumber(redis.call('HGET', account, 'ver') or '-1') then
    redis.call('HSET', account, 'base', base, 'ver', version)
  end
  redis.call('HDEL', prefix .. 'open', request)
  redis.call('SET', prefix .. 'closed:' .. request, '1', 'EX', CLOSED_SECONDS)
  return total(held and 1 or 0, account)
end

operations.K = function(prefix, account, request, entry)
  keep(prefix, entry)
  return {1, '', ''}
end

operations.S = function(prefix, account, request)
  return {redis.call('HDEL', prefix .. 'open', request), '', ''}
end

local time = redis.call('TIME')
local answer = {time[1], time[2]}
for i = 3, #ARGV, 6 do
  local prefix = 'tg:{' .. ARGV[i + 1] .. '}:'
  if generation(prefix) ~= ARGV[1] then
    answer[#answer + 1] = {-1, '', ''}
  else
    local done, reply = pcall(operations[ARGV[i]], prefix, prefix .. 'acc:' .. ARGV[i + 2], ARGV[i + 3], ARGV[i + 4],
      ARGV[i + 5], ARGV[i + 2])
    if not done then
      reply = {-2, type(reply) == 'table' and (reply.err or 'error') or tostring(reply), ''}
    end
    answer[#answer + 1] = reply
  end
end
return answer
