import { HttpAgent } from "@ag-ui/client";
import { CopilotChat, CopilotKitProvider, useAgent } from "@copilotkit/react-core/v2";
import "@copilotkit/react-core/v2/styles.css";
import { StateStreamAgent } from "@statestream/ag-ui/client";
import { createRoot } from "react-dom/client";

/** Follows the state between runs too: CopilotKit connects it once, and here it is connected again after each run. */
class FollowingAgent extends StateStreamAgent {
  async runAgent(...args) {
    const result = await super.runAgent(...args);
    void this.connectAgent();
    return result;
  }
}

// http://127.0.0.1:3000/?http shows what the HttpAgent of AG-UI does with the same route: it is current while it runs.
const Agent = location.search === "?http" ? HttpAgent : FollowingAgent;
const agents = { default: new Agent({ url: "/agent" }) };

function Progress() {
  const { agent } = useAgent();
  return <output>{agent.state.doing ?? "Ready"}</output>;
}

// CopilotKit connects an agent whose chat has a thread of its own choice.
createRoot(document.querySelector("main")).render(
  <CopilotKitProvider selfManagedAgents={agents}>
    <Progress />
    <CopilotChat threadId="thread" />
  </CopilotKitProvider>,
);
