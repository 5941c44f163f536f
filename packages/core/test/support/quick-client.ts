import type { Json, StateEvent } from "../../src/index.ts";
import { applyOperations } from "../../src/json/operations.ts";
import type { Bookmark } from "./reference-client.ts";

export type { Bookmark };

/** A client for tests of many runs: it trusts the server, and takes text of which no character is split. */
export class QuickClient {
  id: string | undefined;
  slices: Map<string, Json>;
  #text = "";

  constructor(bookmark: Bookmark = { id: undefined, slices: new Map() }) {
    this.id = bookmark.id;
    this.slices = new Map(bookmark.slices);
  }

  get bookmark(): Bookmark {
    return { id: this.id, slices: new Map(this.slices) };
  }

  get state(): Record<string, Json> {
    return Object.fromEntries(this.slices);
  }

  feed(text: string): void {
    this.#text += text;
    if (!text.includes("\n\n")) return;
    const frames = this.#text.split("\n\n");
    this.#text = frames.pop() as string;
    for (const frame of frames) {
      const lines = frame.split("\n");
      const valueOf = (name: string) => lines.find((line) => line.startsWith(name))?.slice(name.length);
      this.#apply(JSON.parse(valueOf("data: ") as string) as StateEvent);
      this.id = valueOf("id: ") ?? this.id;
    }
  }

  #apply(event: StateEvent): void {
    if (event.type === "state.initial") this.slices = new Map(Object.entries(event.slices));
    if (event.type !== "state.update") return;
    const { slice, patches, value, removed } = event;
    if (removed) this.slices.delete(slice);
    else if (patches === undefined) this.slices.set(slice, value as Json);
    else this.slices.set(slice, applyOperations(this.slices.get(slice) as Json, patches, slice));
  }
}
