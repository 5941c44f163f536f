// @vitest-environment happy-dom
import type { StateClient, StreamStatus } from "@statestream/client";
import { renderHook } from "@testing-library/react";
import { expectTypeOf, test } from "vitest";
import { useStateStream, useStreamStatus } from "../src/index.ts";
import { FakeClient } from "../../client/test/front-end/fake-client.ts";

interface Counter {
  readonly count: number;
}

const waiting: StateClient<Counter | undefined> = new FakeClient<Counter | undefined>({ count: 0 });
const known: StateClient<Counter> = new FakeClient<Counter>({ count: 0 });

test("the client's type flows into the state and the selector", () => {
  renderHook(() => {
    expectTypeOf(useStateStream(waiting)).toEqualTypeOf<Counter | undefined>();
    expectTypeOf(useStateStream(known)).toEqualTypeOf<Counter>();
    expectTypeOf(useStateStream(waiting, (state) => state?.count)).toEqualTypeOf<number | undefined>();
    expectTypeOf(useStateStream(known, (state) => state.count)).toEqualTypeOf<number>();
    // @ts-expect-error There may be no state yet.
    useStateStream(waiting, (state) => state.count);
    // @ts-expect-error No such slice.
    useStateStream(known, (state) => state.todos);
  });
});

test("isEqual compares what the selector gives, or the state", () => {
  renderHook(() => {
    const byCount = (a: Counter, b: Counter): boolean => a.count === b.count;
    expectTypeOf(useStateStream(known, undefined, byCount)).toEqualTypeOf<Counter>();
    useStateStream(
      known,
      (state) => [state.count],
      (a, b) => {
        expectTypeOf(a).toEqualTypeOf<number[]>();
        return a[0] === b[0];
      },
    );
    // @ts-expect-error The selector gives a number.
    useStateStream(known, (state) => state.count, byCount);
  });
});

test("a status is any client's, without what changes with each event", () => {
  renderHook(() => {
    const status = useStreamStatus(known);
    expectTypeOf(status.status).toEqualTypeOf<StreamStatus["status"]>();
    expectTypeOf(useStreamStatus(waiting)).toEqualTypeOf<Omit<StreamStatus, "eventId" | "bytes">>();
    // @ts-expect-error It would be of some time ago.
    void status.bytes;
  });
});
