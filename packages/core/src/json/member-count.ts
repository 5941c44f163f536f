/** From this many members on, an object's number of members is remembered, since counting means listing them. */
export const MANY_MEMBERS = 64;

const counts = new WeakMap<object, number>();

/** How many members an object of JSON has, where that is remembered: it has many. */
export function rememberedCount(object: object): number | undefined {
  return counts.get(object);
}

export function rememberCount(object: object, members: number): void {
  if (members >= MANY_MEMBERS) counts.set(object, members);
}

/** The object must not inherit enumerable members. */
export function countMembers(object: object): number {
  const known = counts.get(object);
  if (known !== undefined) return known;
  let members = 0;
  for (const _ in object) members++;
  rememberCount(object, members);
  return members;
}
