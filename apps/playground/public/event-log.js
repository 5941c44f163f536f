import { byId, element } from "./dom.js";
import { bytes } from "./system-view.js";

/** @typedef {import("./live-state.js").StateEvent} StateEvent */

const MAX_ROWS = 200;

const rows = byId("rows");
const note = byId("events-note");
const pause = /** @type {HTMLInputElement} */ (byId("pause"));
const encoder = new TextEncoder();

const total = { events: 0, bytes: 0 };
/** The newest row, which takes in the same kind of event while it comes in a run. */
let newest = { key: "", events: 0, bytes: 0 };

/** @type {(event: StateEvent, id: string, data: string) => void} */
export function logEvent(event, id, data) {
  const size = encoder.encode(data).length;
  total.events += 1;
  total.bytes += size;
  note.textContent = `${total.events.toLocaleString("en")} events, ${bytes(total.bytes)} of data`;
  if (pause.checked) return;

  const cause = causeOf(event);
  const key = event.type === "state.update" ? `${event.slice} ${event.cause?.type}` : "";
  const joins = key !== "" && key === newest.key;
  newest = joins ? { key, events: newest.events + 1, bytes: newest.bytes + size } : { key, events: 1, bytes: size };
  const repeated = newest.events > 1 ? ` ×${newest.events}` : "";
  const row = element("tr", { className: event.type.replace(".", "-") }, [
    cell(new Date(event.timestamp).toLocaleTimeString("en-GB")),
    cell(`${event.type}${repeated}`),
    cell(event.slice ?? Object.keys(event.slices ?? {}).join(", ")),
    cell(whatOf(event), "what"),
    cell(cause),
    cell(id),
    cell(newest.bytes.toLocaleString("en"), "number"),
  ]);
  if (joins) rows.firstElementChild?.remove();
  rows.prepend(row);
  if (rows.childElementCount > MAX_ROWS) rows.lastElementChild?.remove();
}

/** @param {string} text @param {string} [className] */
function cell(text, className = "") {
  return element("td", { textContent: text, title: text, className });
}

/** @param {StateEvent} event */
function causeOf({ cause }) {
  if (cause === undefined) return "";
  return cause.id === undefined ? cause.type : `${cause.type} (${cause.id})`;
}

/** What an event says, in a few words. @param {StateEvent} event */
function whatOf({ type, patches, removed, reason, seq, head, retry }) {
  if (type === "state.initial") return `snapshot: ${reason}`;
  if (type === "state.end") return `${reason}, ${retry ? "come back" : "stay away"}`;
  if (type === "heartbeat") return `at ${seq}, head ${head}`;
  if (removed) return "removed";
  if (patches === undefined) return "value";
  const [{ op, path }, ...others] = patches;
  return others.length === 0 ? `${op} ${path}` : `${op} ${path} and ${others.length} more`;
}
