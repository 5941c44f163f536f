import { invalidOption } from "./errors.ts";

/**
 * Checks that options are an object and hold no member that `known` does not name. An unknown option is most often a
 * misspelt one, and ignoring it would leave the default in force without a word.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function checkOptionNames(caller: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const given = options === null ? "null" : Array.isArray(options) ? "an array" : typeof options;
    throw invalidOption(`${caller} needs an object of options; it was given ${given}.`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw invalidOption(`${caller} has no option "${name}". Its options are ${known.join(", ")}.`);
  }
}
