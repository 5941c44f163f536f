import { createStateClient } from "@statestream/client";
import type { Initial, Shown } from "./stream";

const create = (initial: Initial) => createStateClient<Shown>("/events", { initial });

const page: { client?: ReturnType<typeof create> } = {};

/** In a browser one client for the page, since each connects at once. On the server one for each rendering, which connects nowhere. */
export function clientOf(initial: Initial): ReturnType<typeof create> {
  return typeof document === "undefined" ? create(initial) : (page.client ??= create(initial));
}
