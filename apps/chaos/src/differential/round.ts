import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { StateEvent } from "@statestream/core";
import { type Random, randomFrom } from "../random.ts";
import { canonical } from "../state.ts";
import { FaultyWire } from "./faulty-wire.ts";
import { type Follower, LibraryFollower, PlainFollower, type Watcher } from "./followers.ts";
import { FRAMEWORKS, serveStream } from "./http-server.ts";
import { type Seen, ServedState } from "./served-state.ts";

/** How long followers have to come to the server's state once the wires are calm: longer than our client's longest wait by then. */
const CONVERGENCE_MS = 20_000;

const SELECTIONS = [undefined, ["list", "a/b", ""], ["tree", "m~n", "__proto__", "big"]] as const;

/** What one round did and found. */
export interface RoundResult {
  readonly events: number;
  /** States compared with the server's at their position. */
  readonly compared: number;
  readonly divergences: readonly string[];
}

/**
 * Changes the state of a server at random while followers, half of them our client and half of them code that shares nothing
 * with it, read through wires that cut and stall. Each follower must have the server's state at every position that an event
 * names, never have to resync, and end on the server's state.
 */
export async function runRound(seed: number): Promise<RoundResult> {
  const random = randomFrom(seed);
  const divergences: string[] = [];
  let events = 0;
  let compared = 0;

  const served = new ServedState(random.fork("state"));
  const framework = random.pick(FRAMEWORKS);
  const server = await serveStream(framework, () => served.stream);
  const { port } = server.address() as AddressInfo;
  const diverged = (follower: Follower, what: string): void =>
    void divergences.push(`seed ${seed}, ${framework}, ${follower.name}: ${what}`);

  const watcher: Watcher = {
    fault: diverged,
    event(follower, event, id) {
      events++;
      if (!isWhole(event) || id === undefined) return;
      const seen = served.seenAt(id);
      const difference = seen === undefined ? "the server never was there" : differenceOf(follower, seen);
      compared++;
      if (difference !== undefined) diverged(follower, `at ${id}, ${event.type}: ${difference}`);
    },
  };

  const wires: FaultyWire[] = [];
  const followers: Follower[] = [];
  const join = async (kind: typeof LibraryFollower | typeof PlainFollower, joining: Random): Promise<void> => {
    const name = `${kind.name} ${followers.length}`;
    const wire = await FaultyWire.open(port, joining);
    wires.push(wire);
    followers.push(new kind(name, `http://127.0.0.1:${wire.port}/events`, joining.pick(SELECTIONS), watcher));
  };

  const steps = random.between(30, 120);
  const pace = random.pick([1, 5, 20]);
  try {
    for (let step = 0; step < steps && divergences.length === 0; step++) {
      if (step % 15 === 0 && followers.length < 6) {
        await join(LibraryFollower, random.fork(`library ${step}`));
        await join(PlainFollower, random.fork(`plain ${step}`));
      }
      served.change();
      if (random.below(20) === 0) random.pick(followers).reload();
      await delay(random.below(3) === 0 ? 0 : random.below(pace * 3));
    }
    for (const wire of wires) wire.calm();
    const server = differencesOf(served.stream.state, served.seen);
    if (server !== undefined) divergences.push(`seed ${seed}: stream.state is not what it was changed to: ${server}`);
    await settle(served, followers, divergences, diverged);
  } finally {
    for (const follower of followers) follower.close();
    for (const wire of wires) wire.close();
    void served.stream.close();
    server.closeAllConnections();
    server.close();
  }
  return { events, compared, divergences };
}

async function settle(
  served: ServedState,
  followers: readonly Follower[],
  divergences: readonly string[],
  diverged: (follower: Follower, what: string) => void,
): Promise<void> {
  const until = performance.now() + CONVERGENCE_MS;
  for (const follower of followers) {
    for (;;) {
      if (divergences.length > 0) return;
      const difference = differenceOf(follower, served.seen);
      if (difference === undefined) break;
      if (performance.now() > until) return diverged(follower, `in the end: ${difference}`);
      await delay(10);
    }
  }
}

/** Whether a follower is at a whole commit after this event. */
function isWhole(event: StateEvent): boolean {
  return event.type === "state.initial" || (event.type === "state.update" && event.more !== true);
}

/** What differs between a follower's copy and what it must be. */
function differenceOf({ slices, state }: Follower, seen: Seen): string | undefined {
  if (state === undefined) return "there is no state";
  return differencesOf(
    state,
    slices === undefined ? seen : new Map([...seen].filter(([name]) => slices.includes(name))),
  );
}

function differencesOf(state: Readonly<Record<string, unknown>>, seen: Seen): string | undefined {
  for (const name of new Set([...Object.keys(state), ...seen.keys()])) {
    const is = Object.hasOwn(state, name) ? canonical(state[name]) : "nothing";
    const must = seen.get(name) ?? "nothing";
    if (is !== must) return `slice ${JSON.stringify(name)} is ${brief(is)}; it must be ${brief(must)}`;
  }
  return undefined;
}

function brief(text: string): string {
  return text.length > 600 ? `${text.slice(0, 600)}... (${text.length})` : text;
}
