import { StateStreamError } from "./errors.ts";

/**
 * Checks that options are an object and hold no member that `known` does not name. An unknown option is most often a
 * misspelt one, and ignoring it would leave the default in force without a word.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function checkOptionNames(caller: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const given = options === null ? "null" : Array.isArray(options) ? "an array" : typeof options;
    throw new StateStreamError("invalid-option", `${caller} needs an object of options; it was given ${given}.`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestOf(name, known);
    const advice = nearest === undefined ? `Its options are ${known.join(", ")}.` : `Did you mean "${nearest}"?`;
    throw new StateStreamError("invalid-option", `${caller} has no option "${name}". ${advice}`);
  }
}

/** The known name that takes the fewest edits, unless that is more than half of the given one. */
function nearestOf(name: string, known: readonly string[]): string | undefined {
  // A name of any length must not make the comparison expensive.
  const given = name.slice(0, 40).toLowerCase();
  let nearest: string | undefined;
  let fewest = given.length / 2;
  for (const candidate of known) {
    const edits = editsBetween(given, candidate.toLowerCase());
    if (edits > fewest) continue;
    if (edits === fewest && nearest !== undefined) continue;
    fewest = edits;
    nearest = candidate;
  }
  return nearest;
}

/** How many characters have to be inserted, deleted or replaced to turn one text into the other (Levenshtein). */
function editsBetween(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const line = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (above[column - 1] as number) + (from[row - 1] === to[column - 1] ? 0 : 1);
      line.push(Math.min(replaced, (above[column] as number) + 1, (line[column - 1] as number) + 1));
    }
    above = line;
  }
  return above[to.length] as number;
}
