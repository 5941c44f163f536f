import { BROKEN, KEEP, LEASE, type Script, script } from "./lua.ts";

/**
 * Appends a leader's entries and renews its lease. KEYS: also one for each answer. ARGV: channel, owner, keepFrom, leaseMs, expireMs,
 * the checkpoint's epoch, seq and body ('' for none), answerMs, the answers, and 5 for each entry.
 */
export const PUBLISH: Script = script(
  BROKEN,
  KEEP,
  LEASE,
  `
local meta = redis.call('HMGET', KEYS[1], 'e', 'n', 'w')
local e, n = meta[1], tonumber(meta[2])
if not n then return {'empty'} end
if meta[3] ~= ARGV[2] then return {'fenced', e, meta[2]} end

-- If an entry is in the log, those before it are in the log too, or have been trimmed.
local start = 10 + #KEYS - 3
local from = start
for i = #ARGV - 4, start, -5 do
  local last = ARGV[i + 3]
  local there = n == tonumber(last) and e == ARGV[i]
  if not there and n > tonumber(last) then
    local x = redis.call('XRANGE', KEYS[2], last .. '-0', last .. '-0')[1]
    there = x and x[2][2] == ARGV[i]
  end
  if there then from = i + 5 break end
end

local status, last = 'ok', meta[2]
for i = from, #ARGV, 5 do
  local first = tonumber(ARGV[i + 2])
  if n < first - 1 then status = 'behind' break end
  if n ~= first - 1 or e ~= ARGV[i + 1] then status = 'conflict' break end
  redis.call('XADD', KEYS[2], ARGV[i + 3] .. '-0',
    'e', ARGV[i], 'p', ARGV[i + 1], 'f', ARGV[i + 2], 'd', ARGV[i + 4])
  e, last, n = ARGV[i], ARGV[i + 3], tonumber(ARGV[i + 3])
  redis.call('PUBLISH', ARGV[1],
    ARGV[i + 1] .. ' ' .. e .. ' ' .. ARGV[i + 2] .. ' ' .. last .. ' ' .. ARGV[i + 4])
end
redis.call('HSET', KEYS[1], 'e', e, 'n', last)

if status == 'ok' then
  for i = 4, #KEYS do redis.call('SET', KEYS[i], e .. ' ' .. last .. ' ' .. ARGV[6 + i], 'PX', ARGV[9]) end
  if ARGV[6] == e and ARGV[7] == last then redis.call('HSET', KEYS[3], 'e', e, 'n', last, 'd', ARGV[8]) end
  local sn = tonumber(redis.call('HGET', KEYS[3], 'n'))
  if sn then
    -- What comes after the checkpoint is needed to get to the head.
    local from = math.max(0, math.min(tonumber(ARGV[3]), sn + 1))
    redis.call('XTRIM', KEYS[2], 'MINID', '=', string.format('%.0f-0', from))
  end
  lease(ARGV[2], ARGV[4])
end
keep(ARGV[5])
if status ~= 'ok' then return {status, e, last} end
return {status, e, last, broken(n)}`,
);

/**
 * Installs a stream with its lease. ARGV: channel, the message HEAD, owner, force ('1' for yes), leaseMs, expireMs, the checkpoint's
 * epoch, seq and body, and 5 for each entry.
 */
export const INSTALL: Script = script(
  KEEP,
  LEASE,
  `
local meta = redis.call('HMGET', KEYS[1], 'e', 'n', 'w')
if meta[1] then
  local ours = meta[3] == ARGV[3]
  -- A repetition of the request that installed the stream must succeed.
  if ARGV[4] ~= '1' and not (ours and meta[1] == ARGV[7] and meta[2] == ARGV[8]) then return {'exists'} end
  if not ours then return {'fenced'} end
end
-- A script whose first write is DEL may run on a server that is out of memory; HSET is refused there.
redis.call('HSET', KEYS[1], 'e', ARGV[7])
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
for i = 10, #ARGV, 5 do
  redis.call('XADD', KEYS[2], ARGV[i + 3] .. '-0',
    'e', ARGV[i], 'p', ARGV[i + 1], 'f', ARGV[i + 2], 'd', ARGV[i + 4])
end
redis.call('HSET', KEYS[3], 'e', ARGV[7], 'n', ARGV[8], 'd', ARGV[9])
redis.call('HSET', KEYS[1], 'e', ARGV[7], 'n', ARGV[8])
lease(ARGV[3], ARGV[5])
keep(ARGV[6])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return {'ok'}`,
);

/** Takes or renews the lease. ARGV: owner, leaseMs, expireMs. */
export const ACQUIRE: Script = script(
  BROKEN,
  KEEP,
  LEASE,
  `
local meta = redis.call('HMGET', KEYS[1], 'e', 'n', 'w', 'wx', 'wl')
if not meta[1] then return {'empty'} end
if meta[3] ~= '' and meta[3] ~= ARGV[1] then
  local remaining = tonumber(meta[4]) - now()
  if remaining > tonumber(meta[5]) then
    -- The clock was set back. The lease starts again: its owner may be alive, and renews it before it ends.
    lease(meta[3], meta[5])
    remaining = tonumber(meta[5])
  end
  if remaining > 0 then return {'held', string.format('%.0f', remaining)} end
end
lease(ARGV[1], ARGV[2])
keep(ARGV[3])
return {'ok', meta[1], meta[2], broken(tonumber(meta[2]))}`,
);

/** Gives the lease back. ARGV: channel, the message HEAD, owner. */
export const RELEASE: Script = script(`
if redis.call('HGET', KEYS[1], 'w') ~= ARGV[3] then return {'other'} end
redis.call('HSET', KEYS[1], 'w', '', 'wx', '0')
redis.call('PUBLISH', ARGV[1], ARGV[2])
return {'ok'}`);

/** The answer to a command, '' for none. KEYS: meta, the answer's. */
export const ANSWER: Script = script(`
local n = tonumber(redis.call('HGET', KEYS[1], 'n'))
local done = redis.call('GET', KEYS[2])
if not n or not done then return {''} end
local seq, text = string.match(done, '^%S+ (%S+) (.*)$')
-- A position beyond the head was lost, and the command's changes with it.
if not seq or tonumber(seq) > n then return {''} end
return {text}`);
