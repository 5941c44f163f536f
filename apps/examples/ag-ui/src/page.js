import { StateStreamAgent } from "@statestream/ag-ui/client";

const agent = new StateStreamAgent({ url: "/agent" });
const [list, form, input, thinking, status] = ["ol", "form", "input", "#thinking", "output"].map((name) =>
  document.querySelector(name),
);

function item({ role, content }) {
  return Object.assign(document.createElement("li"), { className: role, textContent: content });
}

agent.subscribe({
  onMessagesChanged: ({ messages }) => list.replaceChildren(...messages.map(item)),
  onStateChanged: ({ state }) => (thinking.textContent = state.thinking ?? ""),
  onRunStartedEvent: () => void (status.textContent = "Live"),
  onRunErrorEvent: ({ event }) => void (status.textContent = event.code),
});

// Between runs, and for the answers to others.
void agent.connectAgent();

async function ask(content) {
  // An agent of AG-UI has one run at a time.
  await agent.detachActiveRun();
  agent.addMessage({ id: crypto.randomUUID(), role: "user", content });
  await agent.runAgent();
  void agent.connectAgent();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void ask(input.value);
  form.reset();
});
