import { BROKEN, KEEP, LEASE, type Script, script, SECTIONS } from "./lua.ts";

/**
 * Appends leaders' entries and renews their leases, a section for each stream. KEYS: also one for each answer. ARGV: channel, owner,
 * keepFrom, leaseMs, expireMs, check ('1': also keep the keys, and say whether the stream is broken), the checkpoint's epoch, seq and
 * body ('' for none), answerMs, the answers, and 5 for each entry. The field 'sn' of meta is the seq of the checkpoint, or an earlier one.
 */
export const PUBLISH: Script = script(
  BROKEN,
  KEEP,
  LEASE,
  `
local function section(k, keys, a, args)
  local meta = redis.call('HMGET', KEYS[k + 1], 'e', 'n', 'w', 'sn')
  local e, n = meta[1], tonumber(meta[2])
  if not n then return {'empty'} end
  if meta[3] ~= ARGV[a + 2] then return {'fenced', e, meta[2]} end

  -- If an entry is in the log, those before it are in the log too, or have been trimmed.
  local start, stop = a + 11 + keys - 3, a + args - 4
  local from = start
  for i = stop, start, -5 do
    local last = ARGV[i + 3]
    local there = n == tonumber(last) and e == ARGV[i]
    if not there and n > tonumber(last) then
      local x = redis.call('XRANGE', KEYS[k + 2], last .. '-0', last .. '-0')[1]
      there = x and x[2][2] == ARGV[i]
    end
    if there then from = i + 5 break end
  end

  -- What comes after the checkpoint is needed to get to the head.
  local sn = tonumber(meta[4] or redis.call('HGET', KEYS[k + 3], 'n'))
  local function minid()
    return string.format('%.0f-0', sn and math.max(0, math.min(tonumber(ARGV[a + 3]), sn + 1)) or 0)
  end

  local status, last, done = 'ok', meta[2], from
  for i = from, stop, 5 do
    local first = tonumber(ARGV[i + 2])
    if n < first - 1 then status = 'behind' break end
    if n ~= first - 1 or e ~= ARGV[i + 1] then status = 'conflict' break end
    -- Trims with the last one.
    local added = redis.pcall('XADD', KEYS[k + 2], 'MINID', '=', i == stop and minid() or '0-0', ARGV[i + 3] .. '-0',
      'e', ARGV[i], 'p', ARGV[i + 1], 'f', ARGV[i + 2], 'd', ARGV[i + 4])
    if type(added) == 'table' and added.err then
      -- A script that failed half-way has left entries beyond the head, or somebody has written to the key.
      if not string.find(added.err, 'equal or smaller') and not string.find(added.err, '^WRONGTYPE') then error(added) end
      status = 'broken'
      break
    end
    e, last, n, done = ARGV[i], ARGV[i + 3], tonumber(ARGV[i + 3]), i + 5
  end

  if ARGV[a + 6] == '1' then keep(k, ARGV[a + 5]) end
  local isBroken, trims = '0', from > stop
  if status == 'ok' then
    redis.call('HSET', KEYS[k + 1], 'e', e, 'n', last, 'wx', ending(ARGV[a + 4]), 'wl', ARGV[a + 4])
    for i = 4, keys do
      redis.call('SET', KEYS[k + i], e .. ' ' .. last .. ' ' .. ARGV[a + 7 + i], 'PX', ARGV[a + 10])
    end
    if ARGV[a + 7] == e and ARGV[a + 8] == last then
      redis.call('HSET', KEYS[k + 3], 'e', e, 'n', last, 'd', ARGV[a + 9])
      redis.call('HSET', KEYS[k + 1], 'sn', last)
      sn, trims = n, true
    end
    if trims then redis.call('XTRIM', KEYS[k + 2], 'MINID', '=', minid()) end
    if ARGV[a + 6] == '1' then isBroken = broken(k, n) end
  else
    redis.call('HSET', KEYS[k + 1], 'e', e, 'n', last)
  end
  -- At the end, since it may be forbidden: then all of it is repeated, and what is there is only sent.
  for i = start, done - 1, 5 do
    redis.call('PUBLISH', ARGV[a + 1],
      ARGV[i + 1] .. ' ' .. ARGV[i] .. ' ' .. ARGV[i + 2] .. ' ' .. ARGV[i + 3] .. ' ' .. ARGV[i + 4])
  end
  if status ~= 'ok' then return {status, e, last} end
  return {status, e, last, isBroken}
end`,
  SECTIONS,
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
redis.call('HSET', KEYS[1], 'e', ARGV[7], 'n', ARGV[8], 'sn', ARGV[8])
lease(0, ARGV[3], ARGV[5])
keep(0, ARGV[6])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return {'ok'}`,
);

/** Takes or renews leases, a section for each stream. ARGV: owner, leaseMs, expireMs. */
export const ACQUIRE: Script = script(
  BROKEN,
  KEEP,
  LEASE,
  `
local function section(k, keys, a)
  local meta = redis.call('HMGET', KEYS[k + 1], 'e', 'n', 'w', 'wx', 'wl')
  if not meta[1] then return {'empty'} end
  if meta[3] ~= '' and meta[3] ~= ARGV[a + 1] then
    local remaining = tonumber(meta[4]) - now()
    if remaining > tonumber(meta[5]) then
      -- The clock was set back. The lease starts again: its owner may be alive, and renews it before it ends.
      lease(k, meta[3], meta[5])
      remaining = tonumber(meta[5])
    end
    if remaining > 0 then return {'held', string.format('%.0f', remaining)} end
  end
  lease(k, ARGV[a + 1], ARGV[a + 2])
  keep(k, ARGV[a + 3])
  return {'ok', meta[1], meta[2], broken(k, tonumber(meta[2]))}
end`,
  SECTIONS,
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
