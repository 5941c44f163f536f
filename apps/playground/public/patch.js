// @statestream/client will take over from this file and live-state.js.

/** @typedef {{ op: string, path: string, value?: unknown }} Operation */

/**
 * Applies the operations of RFC 6902 that this server sends, in place. Throws where one does not fit.
 *
 * @param {unknown} document
 * @param {readonly Operation[]} operations
 * @returns {unknown} the document, which is another one when an operation replaces it whole
 */
export function applyPatches(document, operations) {
  let root = document;
  for (const { op, path, value } of operations) {
    const tokens = path.split("/").slice(1).map(unescapeToken);
    const last = tokens.pop();
    if (last === undefined) root = value;
    else applyOne(tokens.reduce(member, root), op, last, value);
  }
  return root;
}

/** @type {(parent: unknown, op: string, token: string, value: unknown) => void} */
function applyOne(parent, op, token, value) {
  if (op !== "add" && op !== "remove" && op !== "replace") throw new Error(`Unexpected operation ${op}`);
  if (op === "add" && Array.isArray(parent)) {
    parent.splice(token === "-" ? parent.length : indexOf(token, parent.length + 1), 0, value);
    return;
  }
  if (op !== "add") member(parent, token);
  if (op === "remove" && Array.isArray(parent)) parent.splice(Number(token), 1);
  else if (op === "remove") delete (/** @type {Record<string, unknown>} */ (parent)[token]);
  // Defined rather than assigned, so that "__proto__" becomes a member like any other.
  else Object.defineProperty(parent, token, { value, writable: true, enumerable: true, configurable: true });
}

/**
 * Own members only: a path never leads to a prototype.
 *
 * @type {(parent: unknown, token: string) => unknown}
 */
function member(parent, token) {
  if (Array.isArray(parent)) return parent[indexOf(token, parent.length)];
  const known = typeof parent === "object" && parent !== null && Object.hasOwn(parent, token);
  if (!known) throw new Error(`Nothing at ${token}`);
  return /** @type {Record<string, unknown>} */ (parent)[token];
}

/** @type {(token: string, length: number) => number} */
function indexOf(token, length) {
  const index = /^(?:0|[1-9]\d*)$/.test(token) ? Number(token) : length;
  if (index >= length) throw new Error(`No place for ${token}`);
  return index;
}

/** @param {string} token */
function unescapeToken(token) {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}
