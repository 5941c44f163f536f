import { type Script, script } from "./lua.ts";

/**
 * Publishes a text, unless it is too late for that. KEYS: one of the slot. ARGV: channel ('' to publish nothing), text, the latest time in
 * milliseconds. Gives how many received it, and the time in milliseconds.
 */
export const POST: Script = script(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local count = 0
if ARGV[1] ~= '' and now <= tonumber(ARGV[3]) then count = redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return {string.format('%.0f', count), string.format('%.0f', now)}`);

/** Publishes on a primary only: a replica accepts PUBLISH, but not DEL. KEYS: one that does not exist. ARGV: channel, message. */
export const PROBE: Script = script(`
local reply = redis.pcall('DEL', KEYS[1])
if type(reply) == 'table' and string.find(reply.err, '^READONLY') then return reply end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return {'ok'}`);
