class Money {
  readonly #cents: number;
  readonly currency = "EUR";
  constructor(cents: number) {
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
}

class Account extends Money {
  toJSON(): unknown {
    return { cents: this.cents };
  }
}

const own = (name: string, value: unknown): object => Object.fromEntries([[name, value]]);
const toJSON = (result: unknown) => ({ hidden: 1, toJSON: () => result });
const sparse: unknown[] = [1];
sparse[3] = 4;

/** Values of which JSON makes something else, or that careless code walks wrongly, each with what is awkward about it. */
export const awkward: [string, unknown][] = [
  ["undefined members", { a: undefined, b: 1 }],
  ["undefined in an array", [undefined, 1]],
  ["holes", sparse],
  ["extra members of an array", Object.assign([1], { extra: 2 })],
  ["functions", { f: () => 1, list: [() => 1] }],
  ["a function with toJSON", { f: Object.assign(() => 1, { toJSON: () => "called" }) }],
  ["symbols, as keys and values", { [Symbol("k")]: 1, s: Symbol("v"), list: [Symbol("v")] }],
  ["NaN and infinities", { a: Number.NaN, b: [Infinity, -Infinity] }],
  ["-0", { a: -0, b: [-0] }],
  ["Date", { at: new Date(0), bad: new Date(Number.NaN) }],
  ["boxed primitives", [Object(1), Object("s"), Object(false), Object(Number.NaN)]],
  ["a class instance with a getter", { price: new Money(5) }],
  ["an inherited toJSON", new Account(5)],
  ["an own toJSON", toJSON({ a: [new Money(1)] })],
  ["toJSON that gives undefined", { a: toJSON(undefined), list: [toJSON(undefined)] }],
  ["toJSON that gives a function", { a: toJSON(() => 1) }],
  ["toJSON that gives a boxed primitive", [toJSON(Object("s"))]],
  ["toJSON that gives another with toJSON", [toJSON(toJSON(1))]],
  ["a member named toJSON that is no function", { toJSON: 1, a: { toJSON: {} } }],
  ["null prototype", Object.assign(Object.create(null) as object, { a: 1, b: undefined })],
  ["an inherited enumerable member", Object.create({ inherited: 1 }, {})],
  ["a member that is not enumerable", Object.defineProperty({ a: 1 }, "b", { value: 2 })],
  ["own __proto__", own("__proto__", { a: undefined, b: -0 })],
  ["own constructor and prototype", own("constructor", own("prototype", { polluted: undefined, b: 1 }))],
  ["lone surrogates and U+2028", { "\ud800": "\udc00", "\u2028": "\u2029" }],
  ["numeric keys", { 2: "b", 1: "a", z: 0, 10: undefined }],
  [
    "a getter of a plain object",
    {
      get now() {
        return [undefined];
      },
    },
  ],
  ["Map, Set, RegExp, Error, typed array", [new Map([[1, 2]]), new Set([1]), /x/, new Error("e"), new Uint8Array(2)]],
];
