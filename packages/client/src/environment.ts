import { development as checks, type Development } from "./development.ts";

/** For bundlers and runtimes that set neither of the conditions `development` and `production`: NODE_ENV decides. */
export const development: Development | undefined = isDevelopment() ? checks : undefined;

function isDevelopment(): boolean {
  try {
    // Spelt so that bundlers replace it; without one, a page has no `process`.
    return process.env.NODE_ENV !== "production";
  } catch {
    return false;
  }
}
