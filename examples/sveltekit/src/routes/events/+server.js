import { streamState } from "@statestream/core/fetch";
import { stream } from "$lib/server/stream.js";

export const GET = ({ request }) => streamState(request, stream);
