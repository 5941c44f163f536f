import { expect, test, vi } from "vitest";
import { createGate } from "../../page/src/model/gate.ts";

const encoder = new TextEncoder();

/** A body that counts what is taken from it. */
function counting(chunks: number): { response: Response; taken: () => number; cancelled: () => unknown } {
  let taken = 0;
  let reason: unknown;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        taken += 1;
        controller.enqueue(encoder.encode(`${taken};`));
        if (taken === chunks) controller.close();
      },
      cancel(why) {
        reason = why;
      },
    },
    { highWaterMark: 0 },
  );
  const response = new Response(body, { status: 200, headers: { "x-framework": "koa" } });
  return { response, taken: () => taken, cancelled: () => reason };
}

/** Long enough for whatever is going to happen without anybody's doing. */
const settled = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

test("passes a response on as it is", async () => {
  const passed = createGate().pass(counting(3).response);
  expect(passed.headers.get("x-framework")).toBe("koa");
  expect(await passed.text()).toBe("1;2;3;");
  const empty = new Response(null, { status: 204 });
  expect(createGate().pass(empty)).toBe(empty);
});

test("takes nothing while it is closed but what was on its way, and loses nothing", async () => {
  const gate = createGate();
  const { response, taken } = counting(4);
  const text = gate.pass(response).text();
  gate.close();
  expect(gate.isOpen).toBe(false);
  await settled();
  expect(taken()).toBe(1);
  // Twice is once.
  gate.close();
  gate.open();
  expect(gate.isOpen).toBe(true);
  expect(await text).toBe("1;2;3;4;");
});

test("hands a cancellation on, also while it is closed", async () => {
  const gate = createGate();
  const { response, cancelled } = counting(4);
  const reader = gate.pass(response).body?.getReader();
  gate.close();
  void reader?.read();
  await settled();
  await reader?.cancel("enough");
  expect(cancelled()).toBe("enough");
  gate.open();
  await settled();
});

test("keeps a client awake while it is closed, between lines only, so that it does not take the connection for dead", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  try {
    const sent = ["data: half", " a line\n", "data: whole\n"];
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const next = sent.shift();
          if (next === undefined) controller.close();
          else controller.enqueue(encoder.encode(next));
        },
      },
      { highWaterMark: 0 },
    );
    const gate = createGate();
    const reader = gate.pass(new Response(body)).body?.getReader();
    const read = async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value);
    expect(await read()).toBe("data: half");
    gate.close();
    const held = read();
    await settled();
    await vi.advanceTimersByTimeAsync(10_000);
    gate.open();
    expect(await held).toBe(" a line\n");
    gate.close();
    const awake = read();
    await settled();
    await vi.advanceTimersByTimeAsync(4000);
    expect(await awake).toBe(":\n");
    gate.open();
    expect(await read()).toBe("data: whole\n");
  } finally {
    vi.useRealTimers();
  }
});
