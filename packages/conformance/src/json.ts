import type { Json, Operation } from "@statestream/core";

/** Whether two values are the same JSON; the order of members does not count. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && sameJson(memberOf(a, name), memberOf(b, name)));
}

/** Bytes of its JSON text in UTF-8. */
export function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/**
 * The value after a JSON Patch (RFC 6902); written for the suite, so that a fault of the server's applier is not repeated
 * here. May change `value` in place. Throws where an operation does not fit.
 */
export function applyPatch(value: Json, operations: readonly Operation[]): Json {
  // One member above the root, so that the root is replaced like any other.
  const above: { root: Json } = { root: value };
  for (const operation of operations) applyOperation(above, operation);
  return above.root;
}

function applyOperation(above: { root: Json }, operation: Operation): void {
  switch (operation.op) {
    case "add":
      return insert(above, operation.path, operation.value as Json);
    case "replace":
      take(above, operation.path);
      return insert(above, operation.path, operation.value as Json);
    case "remove":
      take(above, operation.path);
      return;
    case "move":
      if (`${operation.path}/`.startsWith(`${operation.from}/`) && operation.path !== operation.from) {
        throw new Error(`${operation.from} cannot move into itself`);
      }
      return insert(above, operation.path, take(above, operation.from));
    case "copy":
      return insert(above, operation.path, structuredClone(read(above, operation.from)));
    case "append": {
      const text = take(above, operation.path);
      if (typeof text !== "string") throw new Error(`there is no text at ${operation.path}`);
      return insert(above, operation.path, text + operation.value);
    }
    case "test":
      if (!sameJson(read(above, operation.path), operation.value as Json))
        throw new Error(`test failed at ${operation.path}`);
      return;
    default:
      throw new Error(`there is no operation ${JSON.stringify((operation as Operation).op)}`);
  }
}

function insert(above: { root: Json }, path: string, value: Json): void {
  const { parent, name } = resolve(above, path);
  if (!Array.isArray(parent)) setMember(parent, name, value);
  else if (name === "-") parent.push(value);
  else parent.splice(indexOf(name, parent.length), 0, value);
}

function take(above: { root: Json }, path: string): Json {
  const value = read(above, path);
  const { parent, name } = resolve(above, path);
  if (Array.isArray(parent)) parent.splice(Number(name), 1);
  else delete parent[name];
  return value;
}

function read(above: { root: Json }, path: string): Json {
  const { parent, name } = resolve(above, path);
  return member(parent, name, path);
}

function resolve(above: { root: Json }, path: string): { parent: Json[] | { [key: string]: Json }; name: string } {
  if (path !== "" && !path.startsWith("/")) throw new Error(`${JSON.stringify(path)} is no JSON Pointer`);
  if (/~(?![01])/.test(path)) throw new Error(`${path} has a "~" that escapes nothing`);
  const names = `/root${path}`
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const name = names.pop() as string;
  let parent: Json = above;
  for (const step of names) parent = member(parent, step, path);
  if (typeof parent !== "object" || parent === null) throw new Error(`nothing can be at ${path}`);
  return { parent, name };
}

function member(value: Json, name: string, path: string): Json {
  if (typeof value !== "object" || value === null) throw new Error(`there is nothing at ${path}`);
  if (Array.isArray(value)) indexOf(name, value.length - 1);
  const found = Object.hasOwn(value, name) ? memberOf(value, name) : undefined;
  if (found === undefined) throw new Error(`there is nothing at ${path}`);
  return found;
}

function indexOf(name: string, max: number): number {
  if (!/^(0|[1-9]\d*)$/.test(name) || Number(name) > max) throw new Error(`${name} is no index up to ${max}`);
  return Number(name);
}

function memberOf(value: Json[] | { [key: string]: Json }, name: string): Json | undefined {
  return (value as { [key: string]: Json })[name];
}

/** As an own member, also where the name is `__proto__`. */
function setMember(target: { [key: string]: Json }, name: string, value: Json): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}
