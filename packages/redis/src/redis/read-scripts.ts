import { BROKEN, type Script, script } from "./lua.ts";

/** What a node needs to get to the head. ARGV: epoch and seq of the node's position, '' for none. */
export const READ: Script = script(
  BROKEN,
  `
local head = redis.call('HMGET', KEYS[1], 'e', 'n')
local e, n = head[1], tonumber(head[2])
if not n then return {'empty'} end
-- A script that failed half-way may have left entries beyond the head.
local to = string.format('%.0f-0', n)
local have = tonumber(ARGV[2])
if have then
  if have == n and ARGV[1] == e then return {'tail', e, head[2], {}} end
  if have > n then return {'ahead', e, head[2]} end
  local from = string.format('%.0f-0', have + 1)
  local x = redis.call('XRANGE', KEYS[2], from, to, 'COUNT', 1)[1]
  if x then
    -- The position is between two entries, or inside one.
    local first, epoch = tonumber(x[2][6]), x[2][2]
    if first == have + 1 then epoch = x[2][4] end
    if first <= have + 1 and epoch == ARGV[1] then
      return {'tail', e, head[2], redis.call('XRANGE', KEYS[2], from, to)}
    end
  end
end
if broken(0, n) == '1' then return {'broken', e, head[2]} end
local s = redis.call('HMGET', KEYS[3], 'e', 'n', 'd')
return {'snapshot', e, head[2], redis.call('XRANGE', KEYS[2], '-', to), s[1], s[2], s[3]}`,
);

/** The heads of any streams. KEYS: the meta of each. Gives epoch and seq of each, '' for a stream that does not exist. */
export const HEADS: Script = script(`
local heads = {}
for i, key in ipairs(KEYS) do
  local head = redis.call('HMGET', key, 'e', 'n')
  heads[2 * i - 1], heads[2 * i] = head[1] or '', head[2] or ''
end
return heads`);
