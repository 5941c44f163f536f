import type { Terms } from "../delivery/terms.ts";
import { invalidOption } from "../support/errors.ts";
import { checkOptionNames } from "../support/option-names.ts";
import { checkRevoked, isNames, rateOption } from "./options.ts";
import type { ConnectOptions } from "./stream.ts";

const CONNECT_OPTIONS: Readonly<Record<keyof ConnectOptions, true>> = {
  lastEventId: true,
  slices: true,
  append: true,
  maxRateHz: true,
  bookmarks: true,
  signal: true,
  revoked: true,
  expiresAt: true,
  context: true,
  onClose: true,
};

/** The names of `ConnectOptions`. */
export const CONNECT_NAMES: readonly string[] = Object.keys(CONNECT_OPTIONS);

/**
 * What the options of `connect` say about how a connection is served.
 *
 * @throws {StateStreamError} `invalid-option`, also for options that concern something else.
 */
export function termsOf(options: ConnectOptions): Terms {
  checkOptionNames("connect", options, CONNECT_NAMES);
  checkRevoked(options.revoked);
  const names = selectedNames(options.slices, "connect");
  return {
    names,
    append: appendOf(options.append, names),
    rateHz: rateOption(options.maxRateHz),
    bookmarks: options.bookmarks === true,
  };
}

/**
 * The names of a selection, sorted and without duplicates; `undefined` selects everything.
 *
 * @throws {StateStreamError} `invalid-option`
 */
export function selectedNames(slices: readonly string[] | undefined, method: string): readonly string[] | undefined {
  if (slices === undefined) return undefined;
  if (isNames(slices)) return [...new Set(slices)].sort();
  throw invalidOption(`The option slices of ${method} must be a list of names.`);
}

/**
 * The slices of a selection whose updates may carry `append`.
 *
 * @throws {StateStreamError} `invalid-option`
 */
function appendOf(append: ConnectOptions["append"], names: readonly string[] | undefined): Terms["append"] {
  if (append === undefined || append === false) return undefined;
  if (append === true) return true;
  if (!isNames(append)) throw invalidOption("The option append of connect must be a boolean or a list of names.");
  const granted = [...new Set(append)].filter((name) => names?.includes(name) ?? true).sort();
  if (granted.length === 0) return undefined;
  return granted.length === names?.length ? true : granted;
}
