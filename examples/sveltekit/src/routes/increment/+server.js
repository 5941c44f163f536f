import { stream } from "$lib/server/stream.js";

export function POST() {
  stream.set("count", (count) => count + 1, { type: "increment" });
  return new Response(null, { status: 204 });
}
