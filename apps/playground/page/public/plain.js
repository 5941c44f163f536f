const TYPES = ["state.initial", "state.update", "heartbeat", "state.end"];
const MAX_LINES = 20;

/** @type {string[]} */
const lines = [];
let count = 0;

/** @param {string} id @param {string} text */
function show(id, text) {
  const element = document.getElementById(id);
  if (element !== null) element.textContent = text;
}

// It reconnects by itself, and resumes with the id of the last event it saw: the server does the rest.
const source = new EventSource("/events");
source.addEventListener("open", () => show("status", "open"));
source.addEventListener("error", () => {
  // Closed for good after any answer but 200: one reason for @statestream/client.
  show("status", source.readyState === EventSource.CLOSED ? "closed for good" : "reconnecting");
});

for (const type of TYPES) {
  source.addEventListener(type, ({ data, lastEventId }) => {
    count += 1;
    lines.unshift(`${lastEventId} ${type} ${data.slice(0, 200)}`);
    lines.length = Math.min(lines.length, MAX_LINES);
    show("count", String(count));
    show("position", lastEventId);
    show("events", lines.join("\n"));
  });
}
