import { HttpAgent } from "@ag-ui/client";
import { StateStreamAgent } from "@statestream/ag-ui/client";

// What a test in a browser calls from outside.
Object.assign(globalThis, { agents: { HttpAgent, StateStreamAgent } });
