import { connect, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

/** One client on a raw socket: keeps the state it is told of, by the rules of PROTOCOL.md, and counts. */
export interface Reader {
  readonly state: Record<string, unknown>;
  readonly events: number;
  readonly snapshots: number;
  pause(): void;
  resume(): void;
  leave(): void;
}

interface Update {
  slice: string;
  seq: number;
  base: number;
  value?: unknown;
  removed?: true;
  patches?: { op: string; path: string; value: unknown }[];
}

/** Resolves with the first event. */
export function openReader(port: number): Promise<Reader> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, "127.0.0.1", () => {
      socket.write("GET / HTTP/1.1\r\nHost: bench\r\n\r\n");
    });
    const decoder = new StringDecoder("utf8");
    const versions = new Map<string, number>();
    let floor = 0;
    let text = "";
    const reader = {
      state: {} as Record<string, unknown>,
      events: 0,
      snapshots: 0,
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
      leave: () => void socket.destroy(),
    };

    const take = (frame: string): void => {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data === undefined) return;
      reader.events++;
      if (frame.includes("event: state.initial")) {
        const snapshot = JSON.parse(data) as { slices: Record<string, unknown>; seq: number };
        reader.snapshots++;
        reader.state = snapshot.slices;
        versions.clear();
        floor = snapshot.seq;
      } else if (frame.includes("event: state.update")) {
        apply(reader.state, JSON.parse(data) as Update, versions, floor);
      }
      resolve(reader);
    };

    socket.on("data", (bytes) => {
      text += decoder.write(bytes);
      const end = text.lastIndexOf("\n\n");
      if (end < 0) return;
      // Between chunks stands a size on a line of its own; frames have no CR.
      const complete = text.slice(0, end).replaceAll(/\r\n[\da-f]+\r\n/g, "");
      text = text.slice(end);
      for (const frame of complete.split("\n\n")) take(frame);
    });
    socket.on("error", reject);
  });
}

function apply(state: Record<string, unknown>, update: Update, versions: Map<string, number>, floor: number): void {
  const version = versions.get(update.slice) ?? floor;
  if (update.seq <= version) return;
  if (update.base > version) throw new Error(`Gap: ${update.slice} at ${version}, base ${update.base}`);
  versions.set(update.slice, update.seq);
  if (update.removed) delete state[update.slice];
  if ("value" in update) state[update.slice] = update.value;
  for (const { op, path, value } of update.patches ?? []) {
    if (op !== "replace") throw new Error(`These measurements send no ${op}`);
    (state[update.slice] as Record<string, unknown>)[path.slice(1)] = value;
  }
}
