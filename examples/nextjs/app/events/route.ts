import { streamState } from "@statestream/core/fetch";
import { slices, stream } from "../../lib/stream";

export const dynamic = "force-dynamic";
export const GET = (request: Request) => streamState(request, stream, { slices });
