-- Begins a new generation of the counters, unless somebody else has done so since the caller looked.
--
-- KEYS[1]  tg:{tag}:gen
-- ARGV[1]  the generation that the caller saw, '' for none
-- ARGV[2]  the server that the caller saw beside it, '' for none
-- ARGV[3]  the new generation
-- ARGV[4]  the server that begins it
--
-- Answers 1 when it began, 0 when another had.

local held = redis.call('HMGET', KEYS[1], 'id', 'server')
if (held[1] or '') ~= ARGV[1] or (held[2] or '') ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'id', ARGV[3], 'server', ARGV[4])
return 1
