import { KEEP, LEASE, type Script, script } from "./lua.ts";

/** The next checkpoint is due when the entries since the last one have as many bytes as that, at least these, or so many events. */
const MIN_CHECKPOINT_BYTES = 32_768;
const MAX_CHECKPOINT_EVENTS = 200;

/**
 * Appends the entry of an update, if nobody leads. KEYS: also the update's ID. ARGV: channel, expireMs, idMs, the entry's epoch,
 * previous, first, last and body, and the latest time in milliseconds. The field 'b' counts the bytes since the last checkpoint.
 */
export const APPEND: Script = script(
  KEEP,
  LEASE,
  `
local function publish()
  redis.call('PUBLISH', ARGV[1], ARGV[5] .. ' ' .. ARGV[4] .. ' ' .. ARGV[6] .. ' ' .. ARGV[7] .. ' ' .. ARGV[8])
end
local meta = redis.call('HMGET', KEYS[1], 'e', 'n', 'w', 'wx', 'wl')
local e, n = meta[1], tonumber(meta[2])
if not n then return {'empty'} end
local done = redis.call('GET', KEYS[4])
if done then
  local epoch, seq = string.match(done, '^(%S+) (%S+)')
  -- A position beyond the head was lost, and the update with it.
  if tonumber(seq) <= n then
    -- It may have been appended without being sent.
    if epoch == e and seq == meta[2] and epoch == ARGV[4] and seq == ARGV[7] then publish() end
    return {'done', epoch, seq}
  end
end
if now() > tonumber(ARGV[9]) then return {'late'} end
if meta[3] and meta[3] ~= '' then
  local remaining = tonumber(meta[4]) - now()
  if remaining > tonumber(meta[5]) then
    -- The clock was set back: as in ACQUIRE, the lease starts again.
    lease(0, meta[3], meta[5])
    remaining = tonumber(meta[5])
  end
  if remaining > 0 then return {'held', string.format('%.0f', remaining)} end
  -- The lease has run out. Without it, its owner can no longer publish.
  redis.call('HSET', KEYS[1], 'w', '', 'wx', '0')
end
if n ~= tonumber(ARGV[6]) - 1 or e ~= ARGV[5] then return {'conflict', e, meta[2]} end
local added = redis.pcall('XADD', KEYS[2], ARGV[7] .. '-0', 'e', ARGV[4], 'p', ARGV[5], 'f', ARGV[6], 'd', ARGV[8])
if type(added) == 'table' and added.err then
  -- A script that failed half-way has left entries beyond the head, or somebody has written to the key.
  if string.find(added.err, 'equal or smaller') or string.find(added.err, '^WRONGTYPE') then return {'broken'} end
  return added
end
redis.call('HSET', KEYS[1], 'e', ARGV[4], 'n', ARGV[7])
redis.call('SET', KEYS[4], ARGV[4] .. ' ' .. ARGV[7], 'PX', ARGV[3])
keep(0, ARGV[2])
local bytes = redis.call('HINCRBY', KEYS[1], 'b', #ARGV[8])
local sn = tonumber(redis.call('HGET', KEYS[3], 'n'))
local most = math.max(${MIN_CHECKPOINT_BYTES}, redis.call('HSTRLEN', KEYS[3], 'd'))
local due = not sn or tonumber(ARGV[7]) - sn > ${MAX_CHECKPOINT_EVENTS} or bytes > most
publish()
return {'ok', due and '1' or '0'}`,
);

/** Stores a checkpoint. ARGV: expireMs, the checkpoint's epoch, seq and body. */
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
redis.call('HSET', KEYS[1], 'b', '0', 'sn', ARGV[3])
if sn then redis.call('XTRIM', KEYS[2], 'MINID', '=', string.format('%.0f-0', sn + 1)) end
keep(0, ARGV[1])
return {'ok'}`,
);
