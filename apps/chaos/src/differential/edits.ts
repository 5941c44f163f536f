import type { Json, Operation } from "@statestream/core";
import { applyPlainPatch } from "../plain-patch.ts";
import type { Random } from "../random.ts";

type Members = Record<string, Json>;

/** Names that a pointer has to escape, that objects inherit, and that look like indexes. */
const NAMES: readonly string[] = [
  "a",
  "b",
  "a/b",
  "m~n",
  "~1",
  "~0/",
  "",
  "0",
  "-",
  "01",
  "length",
  "constructor",
  "prototype",
  "toString",
  "__proto__",
  "é☃",
  'x"\n',
];

const TEXTS = ["", "blue", "é☃", "😀", "a/b~c", 'quote"', "\n", "\u2028", "line\r\nline", "__proto__", "\0"];

const MAX_MEMBERS = 10;
const MAX_ROWS = 14;

export function randomText(random: Random): string {
  return random.pick(TEXTS) + random.pick(TEXTS) + String(random.below(100));
}

export function randomValue(random: Random, depth = 0): Json {
  const what = random.below(depth > 2 ? 5 : 9);
  if (what === 0) return random.pick([0, 1, -7, 0.1, 1e21, 5e-324, 123_456_789]);
  if (what === 1) return random.pick([null, true, false]);
  if (what < 5) return randomText(random);
  if (what === 5) return Array.from({ length: random.below(5) }, () => randomValue(random, depth + 1));
  if (what === 6) return Array.from({ length: random.below(6) }, () => randomRow(random));
  const value: Members = {};
  for (let count = random.below(5); count > 0; count--) put(value, random.pick(NAMES), randomValue(random, depth + 1));
  return value;
}

function randomRow(random: Random): Json {
  return { id: random.below(1000), text: randomText(random), done: random.below(2) === 0 };
}

/** A member of the object's own, whatever its name. */
function put(value: Members, name: string, member: Json): void {
  Object.defineProperty(value, name, { value: member, writable: true, enumerable: true, configurable: true });
}

export function isContainer(value: Json | undefined): value is Members | Json[] {
  return typeof value === "object" && value !== null;
}

/** A random change of an array, an object, or something in it. */
export function editInPlace(value: Members | Json[], random: Random): void {
  const inner = Object.keys(value)
    .map((name) => (value as Members)[name])
    .filter(isContainer);
  if (inner.length > 0 && random.below(3) > 0) return editInPlace(random.pick(inner), random);
  if (Array.isArray(value)) editArray(value, random);
  else editObject(value, random);
}

function editArray(value: Json[], random: Random): void {
  const at = random.below(value.length + 1);
  const what = value.length >= MAX_ROWS ? 2 : random.below(5);
  if (value.length === 0 || what < 2)
    value.splice(at, 0, random.below(2) === 0 ? randomRow(random) : randomValue(random, 1));
  else if (what === 2) value.splice(random.below(value.length), random.between(1, 3));
  else if (what === 3) value.splice(random.below(value.length), 0, ...value.splice(random.below(value.length), 1));
  else value[random.below(value.length)] = randomValue(random, 1);
}

function editObject(value: Members, random: Random): void {
  const names = Object.keys(value);
  const name = names.length > 0 && random.below(2) === 0 ? random.pick(names) : random.pick(NAMES);
  const member = Object.hasOwn(value, name) ? value[name] : undefined;
  if (names.length >= MAX_MEMBERS || (member !== undefined && random.below(3) === 0)) delete value[random.pick(names)];
  else if (typeof member === "string" && random.below(2) === 0) put(value, name, member + randomText(random));
  else put(value, name, randomValue(random, 1));
}

interface Place {
  readonly path: string;
  readonly value: Json;
}

/** Every place in a value that a patch of fast-json-patch can name: it refuses the prototype's names in paths. */
function places(value: Json, path = ""): Place[] {
  if (!isContainer(value)) return [{ path, value }];
  const inner = Object.keys(value)
    .filter((name) => !["__proto__", "constructor", "prototype"].includes(name))
    .flatMap((name) => places((value as Members)[name] as Json, `${path}/${escaped(name)}`));
  return [{ path, value }, ...inner];
}

const escaped = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** A random JSON Patch that applies to the value, and what it makes of it. */
export function randomPatch(before: Json, random: Random): { operations: Operation[]; after: Json } {
  const operations: Operation[] = [];
  let after = before;
  for (let count = random.between(1, 4); count > 0; count--) {
    const operation = randomOperation(after, random);
    try {
      after = applyPlainPatch(after, [operation]);
      operations.push(operation);
    } catch {
      // Its place has gone with an earlier one.
    }
  }
  return { operations, after };
}

function randomOperation(value: Json, random: Random): Operation {
  const all = places(value);
  const { path, value: there } = random.pick(all);
  const containers = all.filter((place) => isContainer(place.value));
  if (containers.length === 0) return { op: "replace", path: "", value: randomValue(random) };
  const target = random.pick(containers);
  const name = Array.isArray(target.value)
    ? random.pick(["-", String(random.below(target.value.length + 1))])
    : escaped(random.pick(["a", "a/b", "m~n", "", "0", "é☃"]));
  const to = `${target.path}/${name}`;
  const what = random.below(7);
  if (what === 0 && path !== "") return { op: "remove", path };
  // Only where taking the value away leaves the target where it is: fast-json-patch does not notice when it does not fit.
  const holder = path.slice(0, path.lastIndexOf("/"));
  const isStable = target.path === holder ? !Array.isArray(target.value) || name === "-" : !to.startsWith(`${holder}/`);
  if (what === 1 && path !== "" && isStable) return { op: "move", from: path, path: to };
  if (what === 2) return { op: "copy", from: path, path: to };
  if (what === 3) return { op: "test", path, value: structuredClone(there) };
  if (what === 4 && path !== "") return { op: "replace", path, value: randomValue(random, 1) };
  return { op: "add", path: to, value: randomValue(random, 1) };
}

/** A random text in the value, if there is one. */
export function randomTextPlace(value: Json, random: Random): { path: string; text: string } | undefined {
  const texts = places(value).filter(({ value: there }) => typeof there === "string");
  if (texts.length === 0) return undefined;
  const { path, value: text } = random.pick(texts);
  return { path, text: text as string };
}
