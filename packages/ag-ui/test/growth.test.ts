import { HttpAgent } from "@ag-ui/client";
import { streamAgUi } from "@statestream/ag-ui";
import { createStateStream, type WritableStateStream } from "@statestream/core";
import { describe, expect, it } from "vitest";
import type { TestMessage } from "./support/changes.ts";
import { type Frame, framesOfResponse, isType, post, inputOf, Reader } from "./support/frames.ts";

type State = { messages: TestMessage[]; n: number };

const options = { messages: "messages" };

const call = (id: string, args: string) => ({ id, type: "function", function: { name: "look", arguments: args } });
const callPath = (place: number, index: number): string => `/${place}/toolCalls/${index}/function/arguments`;

function streamOf(messages: TestMessage[]): WritableStateStream<State> {
  return createStateStream<State>({ initialState: { messages, n: 0 } });
}

/** The events of a run after its snapshots; each change is a commit of its own. The client has to be equal at the end. */
async function events(
  messages: TestMessage[],
  ...changes: ((stream: WritableStateStream<State>) => void)[]
): Promise<unknown[]> {
  const stream = streamOf(messages);
  const run = async (): Promise<void> => {
    await new Promise((resolve) => void setImmediate(resolve));
    for (const change of changes) change(stream);
  };
  const response = await streamAgUi(post(inputOf()), stream, { ...options, run });
  const text = await response.text();
  const agent = new HttpAgent({
    url: "",
    fetch: async () => new Response(text, { headers: { "content-type": "text/event-stream" } }),
  });
  await agent.runAgent();
  expect(agent.messages).toEqual(stream.state.messages);
  return (await framesOfResponse(text)).slice(3, -1).map(({ event }) => event);
}

/** What a client that was there until `before` was over is sent of what came after. */
async function resumed(
  messages: TestMessage[],
  before: (stream: WritableStateStream<State>) => void,
  ...after: ((stream: WritableStateStream<State>) => void)[]
): Promise<unknown[]> {
  const stream = streamOf(messages);
  const first = new Reader(await streamAgUi(post(inputOf()), stream, options));
  await first.until(isType("MESSAGES_SNAPSHOT"));
  before(stream);
  const { eventId } = stream;
  await first.until(({ id }: Frame) => id === eventId);
  await first.cancel();
  for (const change of after) change(stream);
  stream.set("n", 1);
  const second = new Reader(await streamAgUi(post(inputOf(), { "last-event-id": eventId }), stream, options));
  const frames = await second.until(({ id }) => id === stream.eventId);
  await second.cancel();
  return frames.slice(1).flatMap(({ event }) => (event.type === "STATE_DELTA" ? [] : [event]));
}

describe("Tool calls", () => {
  it("go as TOOL_CALL events, and their answers as results", async () => {
    expect(
      await events(
        [],
        (stream) => stream.set("messages", [{ id: "a", role: "assistant", toolCalls: [call("c", '{"a"')] }]),
        (stream) => stream.append("messages", callPath(0, 0), ":1}"),
        (stream) =>
          stream.set("messages", (held) => [...held, { id: "t", role: "tool", toolCallId: "c", content: "seen" }]),
      ),
    ).toEqual([
      { type: "TOOL_CALL_START", toolCallId: "c", toolCallName: "look", parentMessageId: "a" },
      { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: '{"a"' },
      { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: ":1}" },
      { type: "TOOL_CALL_END", toolCallId: "c" },
      { type: "TOOL_CALL_RESULT", messageId: "t", toolCallId: "c", content: "seen", role: "tool" },
    ]);
  });

  it("of one message grow beside each other, and beside its text", async () => {
    const message = { id: "a", role: "assistant", content: "Let me", toolCalls: [call("c", "{"), call("d", "[")] };
    expect(
      await events(
        [message],
        (stream) => stream.append("messages", callPath(0, 0), "}"),
        (stream) => stream.append("messages", "/0/content", " see"),
        (stream) => stream.append("messages", callPath(0, 1), "1"),
        (stream) => stream.append("messages", callPath(0, 1), "]"),
      ),
    ).toEqual([
      { type: "TOOL_CALL_START", toolCallId: "c", toolCallName: "look", parentMessageId: "a" },
      { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: "}" },
      { type: "TEXT_MESSAGE_START", messageId: "a", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "a", delta: " see" },
      { type: "TOOL_CALL_START", toolCallId: "d", toolCallName: "look", parentMessageId: "a" },
      { type: "TOOL_CALL_ARGS", toolCallId: "d", delta: "1" },
      { type: "TOOL_CALL_ARGS", toolCallId: "d", delta: "]" },
      { type: "TOOL_CALL_END", toolCallId: "c" },
      { type: "TEXT_MESSAGE_END", messageId: "a" },
      { type: "TOOL_CALL_END", toolCallId: "d" },
    ]);
  });

  it("are added to a message whose text is over", async () => {
    expect(
      await events([{ id: "a", role: "assistant", content: "Let me see" }], (stream) =>
        stream.set("messages", ([held]) => [{ ...(held as TestMessage), toolCalls: [call("c", "{}")] }]),
      ),
    ).toEqual([
      { type: "TOOL_CALL_START", toolCallId: "c", toolCallName: "look", parentMessageId: "a" },
      { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: "{}" },
      { type: "TOOL_CALL_END", toolCallId: "c" },
    ]);
  });

  it("that are changed in any other way are a MESSAGES_SNAPSHOT", async () => {
    const held = { id: "a", role: "assistant", toolCalls: [call("c", "{}")] };
    for (const toolCalls of [[], [call("d", "{}")], [call("c", "[]")], [{ ...call("c", "{}"), metadata: { n: 1 } }]]) {
      const messages = [{ ...held, toolCalls }];
      expect(await events([held], (stream) => stream.set("messages", messages))).toEqual([
        { type: "MESSAGES_SNAPSHOT", messages },
      ]);
    }
  });

  it("resume in the middle of their arguments: START again, and only what was missed", async () => {
    expect(
      await resumed(
        [{ id: "a", role: "assistant", toolCalls: [call("c", "{")] }],
        (stream) => stream.append("messages", callPath(0, 0), '"x":'),
        (stream) => stream.append("messages", callPath(0, 0), "1"),
        (stream) => stream.append("messages", callPath(0, 0), "}"),
        (stream) =>
          stream.set("messages", (held) => [...held, { id: "t", role: "tool", toolCallId: "c", content: "seen" }]),
      ),
    ).toEqual([
      { type: "TOOL_CALL_START", toolCallId: "c", toolCallName: "look", parentMessageId: "a" },
      { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: "1" },
      { type: "TOOL_CALL_ARGS", toolCallId: "c", delta: "}" },
      { type: "TOOL_CALL_END", toolCallId: "c" },
      { type: "TOOL_CALL_RESULT", messageId: "t", toolCallId: "c", content: "seen", role: "tool" },
    ]);
  });
});

describe("Several messages", () => {
  const two = [
    { id: "a", role: "assistant", content: "A" },
    { id: "b", role: "assistant", content: "B" },
  ];

  it("grow at once, each in its own pieces, also in one commit", async () => {
    expect(
      await events(
        two,
        (stream) => stream.append("messages", "/0/content", "1"),
        (stream) => stream.append("messages", "/1/content", "2"),
        (stream) =>
          stream.batch(() => {
            stream.append("messages", "/0/content", "3");
            stream.append("messages", "/1/content", "4");
          }),
      ),
    ).toEqual([
      { type: "TEXT_MESSAGE_START", messageId: "a", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "a", delta: "1" },
      { type: "TEXT_MESSAGE_START", messageId: "b", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "b", delta: "2" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "a", delta: "3" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "b", delta: "4" },
      { type: "TEXT_MESSAGE_END", messageId: "a" },
      { type: "TEXT_MESSAGE_END", messageId: "b" },
    ]);
  });

  it("resume in the middle of both, and of one that is new meanwhile", async () => {
    expect(
      await resumed(
        two,
        (stream) => stream.append("messages", "/0/content", "1"),
        (stream) => stream.append("messages", "/0/content", "2"),
        (stream) => stream.append("messages", "/1/content", "3"),
        (stream) => stream.set("messages", (held) => [...held, { id: "c", role: "assistant", content: "C" }]),
      ),
    ).toEqual([
      { type: "TEXT_MESSAGE_START", messageId: "a", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "a", delta: "2" },
      { type: "TEXT_MESSAGE_START", messageId: "b", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "b", delta: "3" },
      { type: "TEXT_MESSAGE_END", messageId: "a" },
      { type: "TEXT_MESSAGE_END", messageId: "b" },
      { type: "TEXT_MESSAGE_START", messageId: "c", role: "assistant" },
      { type: "TEXT_MESSAGE_CONTENT", messageId: "c", delta: "C" },
    ]);
  });

  it("of which one was edited while the client was away are one MESSAGES_SNAPSHOT, however often", async () => {
    const last = [{ id: "a", role: "assistant", content: "Z" }, two[1] as TestMessage];
    const edit = (content: string) => (stream: WritableStateStream<State>) =>
      stream.set("messages", [{ id: "a", role: "assistant", content }, two[1] as TestMessage]);
    expect(
      await resumed(two, (stream) => stream.append("messages", "/1/content", "1"), edit("X"), edit("Y"), edit("Z")),
    ).toEqual([{ type: "MESSAGES_SNAPSHOT", messages: last }]);
  });
});
