import type { Json } from "./types.ts";

/** What JSON leaves out of an object, and puts `null` for in an array. */
type Absent = undefined | symbol | ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown);

/**
 * The type of a value after JSON has carried it: a `Date` is a `string`, a `Map` is `{}`, and members that are functions,
 * symbols or `undefined` are gone. A type that JSON carries unchanged stays as it is.
 */
export type Jsonified<T> = unknown extends T
  ? T
  : T extends Json
    ? T
    : T extends { toJSON(...args: never[]): infer Carried }
      ? Jsonified<Carried>
      : T extends Absent
        ? undefined
        : T extends bigint
          ? never
          : T extends readonly unknown[]
            ? { [Index in keyof T]: Item<T[Index]> }
            : T extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>
              ? Record<never, never>
              : Members<T>;

type Item<T> = unknown extends T ? T : T extends Absent ? null : Jsonified<T>;

/** The mapped types keep `?` and `readonly` of each member; the second one adds `?` where the value can be absent. */
type Members<T> = [Losable<T>] extends [never]
  ? { [Key in keyof T as Kept<T, Key>]: Member<T[Key]> }
  : Flat<
      { [Key in keyof T as Exclude<Kept<T, Key>, Losable<T>>]: Member<T[Key]> } & {
        [Key in keyof T as Kept<T, Key> & Losable<T>]?: Member<T[Key]>;
      }
    >;

type Member<T> = Jsonified<Exclude<T, Absent>>;

/** The key, unless JSON always leaves its member out. */
type Kept<T, Key extends keyof T> = Key extends symbol ? never : T[Key] extends Absent ? never : Key;

/** Keys of required members whose value may be one that JSON leaves out. */
type Losable<T> = {
  [Key in keyof T]-?: {} extends Pick<T, Key>
    ? never
    : unknown extends T[Key]
      ? never
      : [Extract<T[Key], Absent>] extends [never]
        ? never
        : Key;
}[keyof T];

type Flat<T> = { [Key in keyof T]: T[Key] };
