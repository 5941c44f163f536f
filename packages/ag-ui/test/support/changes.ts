import type { Json, Operation, WritableStateStream } from "@statestream/core";

/** A message as a test makes it. */
export interface TestMessage {
  id: string;
  role: string;
  [member: string]: unknown;
}

export type TestState = Record<string, unknown> & { messages: TestMessage[] };

/** Numbers that look random and are the same for a seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

// Some that objects have by themselves, and some that mean something in a pointer.
const NAMES = ["plain", "a/b", "a~b", "~1", "", "deep", "constructor", "toString", "0", "-"];
const WORDS = ["hello ", "wörld ", "😀", '"quoted" ', "line\nbreak ", "\u2028"];

function pointer(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Changes a stream at random, in every way that a stream can be changed. */
export class Changes {
  readonly #stream: WritableStateStream<TestState>;
  readonly #below: (below: number) => number;
  #count = 0;

  constructor(stream: WritableStateStream<TestState>, seed: number) {
    this.#stream = stream;
    this.#below = randomOf(seed);
  }

  /** One commit. */
  change(): void {
    // What a batch has changed is not in the state before its end.
    if (this.#below(4) === 0) return this.#below(2) === 0 ? this.#patch() : this.#append();
    if (this.#below(4) > 0) return this.#one();
    this.#stream.batch(() => {
      for (let count = 1 + this.#below(4); count > 0; count--) this.#one();
    });
  }

  /** One commit by which the conversation only grows, as that of an agent that answers. */
  grow(): void {
    const kind = this.#below(16);
    if (kind < 4) this.#slice();
    else if (kind < 7) this.#append();
    else this.#grow();
  }

  #one(): void {
    if (this.#below(2) === 0) this.#slice();
    else if (this.#below(3) > 0) this.#grow();
    else this.#rewrite();
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[this.#below(list.length)];
  }

  #slice(): void {
    const stream = this.#stream;
    const name = this.#pick(NAMES) as string;
    if (this.#below(5) === 0) return stream.remove(name);
    stream.set(name, (held: unknown): unknown => {
      const object = typeof held === "object" && held !== null ? held : {};
      if (this.#below(5) === 0) return this.#pick([null, 0, "text", [], this.#below(100)]);
      return {
        ...object,
        [this.#pick(NAMES) as string]: [this.#below(9), { "x/y": this.#below(99) }],
        n: ++this.#count,
      };
    });
  }

  #append(): void {
    const { messages } = this.#stream.state;
    const place = messages.length - 1;
    const last = messages[place];
    if (last?.role !== "assistant" || typeof last["content"] !== "string") return;
    this.#stream.append("messages", `/${place}/content`, this.#pick(WORDS) as string);
  }

  /** Operations as an application may write them, of every kind. */
  #patch(): void {
    const name = this.#pick(NAMES) as string;
    const held = this.#stream.state[name];
    if (typeof held !== "object" || held === null || Array.isArray(held)) return;
    const key = this.#pick(Object.keys(held));
    if (key === undefined) return;
    const path = `/${pointer(key)}`;
    const other = `/${pointer(this.#pick(NAMES) as string)}`;
    const value = ++this.#count;
    const kinds: Operation[][] = [
      [{ op: "copy", from: path, path: other }],
      [{ op: "move", from: path, path: other }],
      [
        { op: "add", path: other, value: [value] },
        { op: "remove", path: other },
      ],
      [
        { op: "test", path, value: (held as Record<string, Json>)[key] as Json },
        { op: "replace", path, value: [value, 2] },
        { op: "add", path: `${path}/-`, value },
        { op: "add", path: `${path}/0`, value: { "": "~" } },
        { op: "remove", path: `${path}/1` },
        { op: "move", from: `${path}/0/`, path: `${path}/2` },
      ],
      [{ op: "replace", path: "", value: { [key]: value } }],
    ];
    this.#stream.patch(name, this.#pick(kinds) as Operation[]);
  }

  #grow(): void {
    this.#stream.set("messages", (messages) => {
      // Another conversation: the client's reducer copies all messages for each event.
      if (messages.length > 50) return [];
      const index = messages.length - 1 - this.#below(2);
      const last = messages[index];
      const word = this.#pick(WORDS) as string;
      if (last !== undefined && this.#below(4) > 0) {
        const calls = last["toolCalls"] as { function: { arguments: string } }[] | undefined;
        if (calls !== undefined && this.#below(2) === 0) {
          const grown = calls.map((call) => ({
            ...call,
            function: { ...call.function, arguments: call.function.arguments + word },
          }));
          return messages.with(index, { ...last, toolCalls: this.#below(3) === 0 ? [...calls, this.#call()] : grown });
        }
        if (typeof last["content"] === "string" && last.role !== "tool") {
          return messages.with(index, { ...last, content: last["content"] + word });
        }
      }
      return [...messages, this.#message(messages)];
    });
  }

  #rewrite(): void {
    this.#stream.set("messages", (messages) => {
      const index = this.#below(messages.length + 1);
      const message = messages[index];
      switch (this.#below(6)) {
        case 0:
          return messages.slice(-6).toReversed();
        case 1:
          return messages.toSpliced(index, 1);
        case 2:
          return [this.#message(messages), ...messages];
        case 3:
          return message === undefined ? [] : messages.with(index, { ...message, metadata: { n: ++this.#count } });
        case 4:
          return message?.role !== "assistant" ? messages : messages.with(index, { ...message, content: "other" });
        default:
          return messages.slice(0, index);
      }
    });
  }

  #message(messages: readonly TestMessage[]): TestMessage {
    const id = `m${++this.#count}`;
    const content = this.#pick(["", ...WORDS]) as string;
    const call = messages.flatMap((message) => (message["toolCalls"] as { id: string }[] | undefined) ?? []).at(-1);
    switch (this.#below(9)) {
      case 0:
        return { id, role: "user", content };
      case 6:
        return { id, role: "activity", activityType: "plan", content: { steps: [content] } };
      case 7:
        return { id, role: "system", content, metadata: { n: this.#count } };
      case 1:
        return { id, role: "assistant", toolCalls: [this.#call()] };
      case 2:
        return { id, role: "assistant", content, toolCalls: [this.#call(), this.#call()] };
      case 3:
        return { id, role: "tool", content, toolCallId: call?.id ?? "none" };
      case 4:
        return { id, role: "reasoning", content };
      case 5:
        return { id, role: "user", content: [{ type: "text", text: content }] };
      default:
        return { id, role: "assistant", content, name: "agent" };
    }
  }

  #call(): { id: string; type: "function"; function: { name: string; arguments: string } } {
    return {
      id: `c${++this.#count}`,
      type: "function",
      function: { name: "look", arguments: this.#pick(["", "{"]) as string },
    };
  }
}
