import { createHash } from "node:crypto";

/** A Lua script and the name Redis caches it under. */
export interface Script {
  readonly source: string;
  readonly sha: string;
  /** The same for a cluster, where a channel is in the slot of the script's keys. */
  readonly sharded: Omit<Script, "sharded">;
}

// KEYS of every script, unless its comment says otherwise: meta, log, checkpoint. Channels are not keys. Numbers are always
// formatted with %.0f, because tostring(1e14) is "1e+14". Lists in replies are empty or flat, because only these are the same
// in RESP2 and RESP3.

// The functions take the index before that of the stream's first key.

/**
 * Whether something that is needed to reach the head was evicted. A log that was evicted starts again with the next entry, so it is
 * complete if it has the first entry after the checkpoint and the last one.
 */
export const BROKEN = `
local function broken(k, n)
  local sn = tonumber(redis.call('HGET', KEYS[k + 3], 'n'))
  if not sn then return '1' end
  if sn == n then return '0' end
  local x = redis.call('XRANGE', KEYS[k + 2], string.format('%.0f-0', sn + 1), '+', 'COUNT', 1)[1]
  local y = redis.call('XREVRANGE', KEYS[k + 2], string.format('%.0f-0', n), '-', 'COUNT', 1)[1]
  if x and tonumber(x[2][6]) == sn + 1 and y and y[1] == string.format('%.0f-0', n) then return '0' end
  return '1'
end`;

/** All three keys expire together: the one that expired first would break the others. */
export const KEEP = `
local function keep(k, ms)
  for i = k + 1, k + 3 do redis.call('PEXPIRE', KEYS[i], ms) end
end`;

/** The clock of Redis in milliseconds, and giving the lease to an owner. */
export const LEASE = `
local time
local function now()
  if not time then
    local t = redis.call('TIME')
    time = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  return time
end
local function ending(ms)
  return string.format('%.0f', now() + tonumber(ms))
end
local function lease(k, owner, ms)
  redis.call('HSET', KEYS[k + 1], 'w', owner, 'wx', ending(ms), 'wl', ms)
end`;

/**
 * Runs 'section' for each of several streams: ARGV[1] says how many there are, and then for each how many keys and arguments it has.
 * The arguments follow. 'section' gets the index before its first key, the number of its keys, and the same of its arguments. One that
 * fails does not affect the others: its reply is 'error' and the message.
 */
export const SECTIONS = `
local count = tonumber(ARGV[1])
local replies, k, a = {}, 0, 1 + 2 * count
for s = 1, count do
  local keys, args = tonumber(ARGV[2 * s]), tonumber(ARGV[2 * s + 1])
  local ok, reply = pcall(section, k, keys, a, args)
  if not ok then reply = {'error', type(reply) == 'table' and reply.err or tostring(reply)} end
  replies[s] = reply
  k, a = k + keys, a + args
end
return replies`;

export function script(...parts: string[]): Script {
  const source = parts.join("\n");
  return { ...named(source), sharded: named(source.replaceAll("redis.call('PUBLISH'", "redis.call('SPUBLISH'")) };
}

function named(source: string): Omit<Script, "sharded"> {
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}
