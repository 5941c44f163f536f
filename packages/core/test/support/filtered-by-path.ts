import type { Json, Operation, StateEvent, StateStream } from "../../src/index.ts";
import type { Show, Slots } from "./secrets.ts";
import type { Slices } from "./streams.ts";

/**
 * A faulty substitute for views: one stream of everything, from whose events each connection leaves out the paths that its
 * viewer may not see.
 */
export const filteredByPath: Show = (origin, copy, project) => {
  const parent = (copy ?? origin.stream) as StateStream<Slices>;
  const everything = (): Record<string, Json> => {
    const { slots, public: open } = parent.state as { slots: Slots; public: number };
    const shown = Object.entries(slots);
    return {
      public: open,
      all: Object.fromEntries(shown),
      rows: shown.map(([id, { text }]) => ({ id, text })),
      ...Object.fromEntries(shown.map(([key, slot]) => [`slot ${key}`, slot])),
    };
  };
  const source = { getState: everything, subscribe: (listener: () => void) => parent.subscribe(listener) };
  const stream = origin.clock.createStateStream<Slices>({ source });
  return {
    refresh: () => undefined,
    connect(viewer, options) {
      const visible = (slice: string, path = ""): boolean => {
        const view = project(parent.state, viewer);
        if (path === "" || slice !== "all") return slice in view;
        return (path.split("/")[1] as string) in (view["all"] as object);
      };
      const connection = stream.connect(options);
      const read = (): Uint8Array | undefined => {
        const bytes = connection.read();
        return bytes && new TextEncoder().encode(filtered(new TextDecoder().decode(bytes), visible));
      };
      return new Proxy(connection, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name, target);
          if (name === "read") return read;
          return typeof member === "function" ? (member.bind(target) as unknown) : member;
        },
      });
    },
  };
};

function filtered(text: string, visible: (slice: string, path?: string) => boolean): string {
  return text.replaceAll(/(event: [^\n]*\ndata: )([^\n]*)(\n(?:id: [^\n]*\n)?\n)/g, (_, head, data, tail) => {
    const event = JSON.parse(data as string) as StateEvent;
    if (event.type === "state.initial") {
      const slices = Object.entries(event.slices).filter(([slice]) => visible(slice));
      return `${head}${JSON.stringify({ ...event, slices: Object.fromEntries(slices) })}${tail}`;
    }
    if (event.type !== "state.update") return `${head}${data}${tail}`;
    if (!visible(event.slice)) return "";
    const patches = event.patches?.filter(({ path }: Operation) => visible(event.slice, path));
    return `${head}${JSON.stringify(patches === undefined ? event : { ...event, patches })}${tail}`;
  });
}
