import { stream } from "../../lib/stream";

export function POST() {
  stream.batch(() => {
    stream.set("count", (count) => count + 1);
    stream.set("audit", (audit) => [...audit, "audited"]);
  });
  return new Response(null, { status: 204 });
}
