import { createHash } from "node:crypto";

/** A Lua script and the name Redis caches it under. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

// KEYS, unless said otherwise: meta, log, checkpoint. Channels are not keys. Numbers are only ever formatted with %.0f, because
// tostring(1e14) is "1e+14". Lists are empty or flat: nothing that RESP2 and RESP3 say differently.

/**
 * Whether something was evicted that is needed to get to the head. A log that was lost starts anew with the next entry, so
 * it is whole if it has the first entry after the checkpoint and the last one.
 */
const BROKEN = `
local function broken(n)
  local sn = tonumber(redis.call('HGET', KEYS[3], 'n'))
  if not sn then return '1' end
  if sn == n then return '0' end
  local x = redis.call('XRANGE', KEYS[2], string.format('%.0f-0', sn + 1), '+', 'COUNT', 1)[1]
  local y = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  if x and tonumber(x[2][6]) == sn + 1 and y[1] == string.format('%.0f-0', n) then return '0' end
  return '1'
end`;

/** All three expire together: the one that went first would break the others. */
const KEEP = `
local function keep(ms)
  for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ms) end
end`;

/** After so many bytes of entries, or as many as a checkpoint has, or so many events, the next checkpoint is due. */
const MIN_CHECKPOINT_BYTES = 32_768;
const MAX_CHECKPOINT_EVENTS = 200;

const LEASE = `
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function lease(owner, ms)
  redis.call('HSET', KEYS[1], 'w', owner, 'wx', string.format('%.0f', now() + tonumber(ms)), 'wl', ms)
end`;

/**
 * KEYS: also one for each answer. ARGV: channel, owner, keepFrom, leaseMs, expireMs, checkpoint epoch, seq and body ('' for
 * none), answerMs, the answers, 5 per entry.
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

-- An entry that is there says that those before it are, or were.
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
 * KEYS: also the write's ID. ARGV: channel, expireMs, idMs, and the entry: epoch, previous, first, last, body. Bytes since
 * the last checkpoint are counted in 'b'.
 */
export const APPEND: Script = script(
  KEEP,
  LEASE,
  `
local meta = redis.call('HMGET', KEYS[1], 'e', 'n', 'w', 'wx', 'wl')
local e, n = meta[1], tonumber(meta[2])
if not n then return {'empty'} end
local done = redis.call('GET', KEYS[4])
if done then
  local epoch, seq = string.match(done, '^(%S+) (%S+)')
  -- A position beyond the head was lost, and the write with it.
  if tonumber(seq) <= n then return {'done', epoch, seq} end
end
if meta[3] and meta[3] ~= '' then
  local remaining = tonumber(meta[4]) - now()
  if remaining > tonumber(meta[5]) then
    -- The clock was set back: as in ACQUIRE, the lease begins anew.
    lease(meta[3], meta[5])
    remaining = tonumber(meta[5])
  end
  if remaining > 0 then return {'held', string.format('%.0f', remaining)} end
  -- The lease has run out. Without it, its owner can no longer publish.
  redis.call('HSET', KEYS[1], 'w', '', 'wx', '0')
end
if n ~= tonumber(ARGV[6]) - 1 or e ~= ARGV[5] then return {'conflict', e, meta[2]} end
redis.call('XADD', KEYS[2], ARGV[7] .. '-0', 'e', ARGV[4], 'p', ARGV[5], 'f', ARGV[6], 'd', ARGV[8])
redis.call('HSET', KEYS[1], 'e', ARGV[4], 'n', ARGV[7])
redis.call('SET', KEYS[4], ARGV[4] .. ' ' .. ARGV[7], 'PX', ARGV[3])
keep(ARGV[2])
local bytes = redis.call('HINCRBY', KEYS[1], 'b', #ARGV[8])
local sn = tonumber(redis.call('HGET', KEYS[3], 'n'))
local most = math.max(${MIN_CHECKPOINT_BYTES}, redis.call('HSTRLEN', KEYS[3], 'd'))
local due = not sn or tonumber(ARGV[7]) - sn > ${MAX_CHECKPOINT_EVENTS} or bytes > most
redis.call('PUBLISH', ARGV[1], ARGV[5] .. ' ' .. ARGV[4] .. ' ' .. ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. ARGV[8])
return {'ok', due and '1' or '0'}`,
);

/** KEYS: meta, the answer's. */
export const ANSWER: Script = script(`
local n = tonumber(redis.call('HGET', KEYS[1], 'n'))
local done = redis.call('GET', KEYS[2])
if not n or not done then return {''} end
local seq, text = string.match(done, '^%S+ (%S+) (.*)$')
-- A position beyond the head was lost, and the command's changes with it.
if not seq or tonumber(seq) > n then return {''} end
return {text}`);

/** KEYS: one of the slot. ARGV: channel, text, the time in milliseconds after which it is dropped ('' for never). Gives the time. */
export const POST: Script = script(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local count = 0
if ARGV[1] ~= '' and now <= tonumber(ARGV[3]) then count = redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return {string.format('%.0f', count), string.format('%.0f', now)}`);

/** ARGV: expireMs, the checkpoint's epoch, seq and body. */
export const CHECKPOINT: Script = script(
  KEEP,
  `
local meta = redis.call('HMGET', KEYS[1], 'e', 'n')
local n, seq = tonumber(meta[2]), tonumber(ARGV[3])
local sn = tonumber(redis.call('HGET', KEYS[3], 'n'))
if not n or (sn and sn >= seq) then return {'old'} end
local there = n == seq and meta[1] == ARGV[2]
if not there then
  local x = redis.call('XRANGE', KEYS[2], ARGV[3] .. '-0', ARGV[3] .. '-0')[1]
  there = x and x[2][2] == ARGV[2]
end
if not there then return {'other'} end
redis.call('HSET', KEYS[3], 'e', ARGV[2], 'n', ARGV[3], 'd', ARGV[4])
redis.call('HSET', KEYS[1], 'b', '0')
if sn then redis.call('XTRIM', KEYS[2], 'MINID', '=', string.format('%.0f-0', sn + 1)) end
keep(ARGV[1])
return {'ok'}`,
);

/** ARGV: epoch and seq of the position the asker has, '' for none. */
export const READ: Script = script(
  BROKEN,
  `
local head = redis.call('HMGET', KEYS[1], 'e', 'n')
local e, n = head[1], tonumber(head[2])
if not n then return {'empty'} end
local have = tonumber(ARGV[2])
if have then
  if have == n and ARGV[1] == e then return {'tail', e, head[2], {}} end
  if have > n then return {'ahead', e, head[2]} end
  local from = string.format('%.0f-0', have + 1)
  local x = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', 1)[1]
  if x then
    -- Between two entries, or inside of one.
    local first, epoch = tonumber(x[2][6]), x[2][2]
    if first == have + 1 then epoch = x[2][4] end
    if first <= have + 1 and epoch == ARGV[1] then
      return {'tail', e, head[2], redis.call('XRANGE', KEYS[2], from, '+')}
    end
  end
end
if broken(n) == '1' then return {'broken', e, head[2]} end
local s = redis.call('HMGET', KEYS[3], 'e', 'n', 'd')
return {'snapshot', e, head[2], redis.call('XRANGE', KEYS[2], '-', '+'), s[1], s[2], s[3]}`,
);

/** ARGV: channel, word for the head, owner, force ('1'), leaseMs, expireMs, checkpoint epoch, seq and body, 5 per entry. */
export const INSTALL: Script = script(
  KEEP,
  LEASE,
  `
local meta = redis.call('HMGET', KEYS[1], 'e', 'n', 'w')
if meta[1] then
  local ours = meta[3] == ARGV[3]
  -- Its own stream, put in place by the same request before, is not in the way.
  if ARGV[4] ~= '1' and not (ours and meta[1] == ARGV[7] and meta[2] == ARGV[8]) then return {'exists'} end
  if not ours then return {'fenced'} end
end
-- DEL alone would be let through by a server that is out of memory, and then all that follows it.
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

/** ARGV: owner, leaseMs, expireMs. */
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
    -- The clock was set back. The lease begins anew: its owner may be alive, and renews it by then.
    lease(meta[3], meta[5])
    remaining = tonumber(meta[5])
  end
  if remaining > 0 then return {'held', string.format('%.0f', remaining)} end
end
lease(ARGV[1], ARGV[2])
keep(ARGV[3])
return {'ok', meta[1], meta[2], broken(tonumber(meta[2]))}`,
);

/** ARGV: channel, word for the head, owner. */
export const RELEASE: Script = script(`
if redis.call('HGET', KEYS[1], 'w') ~= ARGV[3] then return {'other'} end
redis.call('HSET', KEYS[1], 'w', '', 'wx', '0')
redis.call('PUBLISH', ARGV[1], ARGV[2])
return {'ok'}`);

/** KEYS: the meta of any streams. Gives two for each: epoch and seq, '' for a stream of which nothing is kept. */
export const HEADS: Script = script(`
local heads = {}
for i, key in ipairs(KEYS) do
  local head = redis.call('HMGET', key, 'e', 'n')
  heads[2 * i - 1], heads[2 * i] = head[1] or '', head[2] or ''
end
return heads`);

/** KEYS: one that does not exist. ARGV: channel, message. A replica takes PUBLISH too, but no DEL. */
export const PROBE: Script = script(`
local reply = redis.pcall('DEL', KEYS[1])
if type(reply) == 'table' and string.find(reply.err, '^READONLY') then return reply end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return {'ok'}`);

function script(...parts: string[]): Script {
  const source = parts.join("\n");
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}
