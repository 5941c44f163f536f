/** How many own names Object.prototype had when they were last looked at, and what that look found. */
let known = { names: -1, inherit: false };

/**
 * Whether a program has given every object a member that JSON could carry. Then neither `for ... in` nor `object[key]`
 * shows what an object itself has. A prototype's functions do no harm, since JSON has none.
 */
export function objectsInherit(): boolean {
  const names = Reflect.ownKeys(Object.prototype);
  if (names.length !== known.names) known = { names: names.length, inherit: names.some(carriesJson) };
  return known.inherit;
}

function carriesJson(name: string | symbol): boolean {
  if (typeof name === "symbol" || name === "__proto__") return false;
  const { value, enumerable } = Object.getOwnPropertyDescriptor(Object.prototype, name) as PropertyDescriptor;
  return enumerable === true || typeof value !== "function";
}
