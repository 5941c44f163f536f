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

/**
 * Whether something that is needed to reach the head was evicted. A log that was evicted starts again with the next entry, so it is
 * complete if it has the first entry after the checkpoint and the last one.
 */
export const BROKEN = `
local function broken(n)
  local sn = tonumber(redis.call('HGET', KEYS[3], 'n'))
  if not sn then return '1' end
  if sn == n then return '0' end
  local x = redis.call('XRANGE', KEYS[2], string.format('%.0f-0', sn + 1), '+', 'COUNT', 1)[1]
  local y = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  if x and tonumber(x[2][6]) == sn + 1 and y[1] == string.format('%.0f-0', n) then return '0' end
  return '1'
end`;

/** All three keys expire together: the one that expired first would break the others. */
export const KEEP = `
local function keep(ms)
  for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ms) end
end`;

/** The clock of Redis in milliseconds, and giving the lease to an owner. */
export const LEASE = `
local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function lease(owner, ms)
  redis.call('HSET', KEYS[1], 'w', owner, 'wx', string.format('%.0f', now() + tonumber(ms)), 'wl', ms)
end`;

export function script(...parts: string[]): Script {
  const source = parts.join("\n");
  return { ...named(source), sharded: named(source.replaceAll("redis.call('PUBLISH'", "redis.call('SPUBLISH'")) };
}

function named(source: string): Omit<Script, "sharded"> {
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}
