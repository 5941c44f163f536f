import { renderBoard, startBoard } from "./board-view.js";
import { byId } from "./dom.js";
import { logEvent } from "./event-log.js";
import { LiveState } from "./live-state.js";
import { renderSystem } from "./system-view.js";
import { renderTranscript } from "./transcript-view.js";

/** @type {Record<string, (value: any) => void>} */
const views = { board: renderBoard, system: renderSystem, transcript: renderTranscript };

const live = new LiveState("/events", {
  onStatus(kind, text) {
    const status = byId("status");
    status.dataset.kind = kind;
    status.textContent = text;
  },
  onEvent: logEvent,
  onSlice(slice, value) {
    views[slice]?.(value);
  },
});

const boxes = [...byId("slices").querySelectorAll("input")];

function follow() {
  for (const { value, checked } of boxes) byId(value).classList.toggle("off", !checked);
  const chosen = boxes.filter(({ checked }) => checked).map(({ value }) => value);
  // All of them means also those that a later version of the server may add.
  live.follow(chosen.length === boxes.length ? undefined : chosen);
}

for (const box of boxes) box.addEventListener("change", follow);
startBoard();
follow();
