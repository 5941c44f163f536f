import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/core/fetch";

export const runtime = "edge";

/** Of this route alone: the edge runtime shares no memory with the Node runtime. */
const stream = createStateStream({ initialState: { visits: 0 } });

export const GET = (request: Request) => streamState(request, stream);

export function POST() {
  stream.set("visits", (visits) => visits + 1);
  return new Response(null, { status: 204 });
}
