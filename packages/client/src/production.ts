import type { Development } from "./development.ts";

/** Nothing is checked, so that it costs nothing. */
export const development: Development | undefined = undefined;
