import type { Json } from "@statestream/core";
import { seeded } from "./random.ts";

// States as applications go through them, each sharing with the one before what did not change.

const WORDS = "the state of a run is a list of messages and each grows word by word until a tool is called".split(" ");

type Message = { id: string; role: string; pieces: Json[]; calls: Json[] };

/** An agent's runtime: forty messages, the last of which grows piece by piece; every tenth change is of a tool call. */
export function agentRun(changes: number): Json[] {
  const random = seeded(7);
  const word = (): string => `${WORDS[Math.floor(random() * WORDS.length)]} `;
  const message = (index: number, length: number): Message => ({
    id: `m${index}`,
    role: index % 2 === 0 ? "user" : "assistant",
    pieces: Array.from({ length }, word),
    calls: [],
  });
  let messages = Array.from({ length: 40 }, (_, index) => message(index, 30));
  let status = "running";
  const states: Json[] = [];
  for (let change = 0; change <= changes; change++) {
    states.push({ status, model: "m-1", usage: { input: 12_000, output: change }, messages });
    const last = messages.at(-1) as Message;
    let next: Message;
    if (change % 10 === 8) {
      const call = {
        id: `c${change}`,
        name: "search",
        input: { query: word() + word() },
        state: "running",
        output: null,
      };
      next = { ...last, calls: [...last.calls, call] };
      status = "waiting";
    } else if (change % 10 === 9) {
      const done = { ...(last.calls.at(-1) as object), state: "done", output: { hits: Math.floor(random() * 100) } };
      next = { ...last, calls: [...last.calls.slice(0, -1), done] };
      status = "running";
    } else next = { ...last, pieces: [...last.pieces, word()] };
    messages = [...messages.slice(0, -1), next];
  }
  return states;
}

/** A game's ticks: 200 entities, all moving, some hit, one gone and one new every tenth tick. */
export function gameTicks(changes: number): Json[] {
  const random = seeded(11);
  const entity = (id: number) => ({
    id,
    kind: ["tree", "orc", "player"][id % 3] as string,
    x: Math.floor(random() * 1000),
    y: Math.floor(random() * 1000),
    health: 100,
    items: ["sword", "map"],
  });
  let born = 200;
  let entities = Array.from({ length: born }, (_, id) => entity(id));
  const states: Json[] = [];
  for (let tick = 0; tick <= changes; tick++) {
    states.push({ tick, entities });
    entities = entities.map((each) => ({
      ...each,
      x: each.x + Math.floor(random() * 5) - 2,
      y: each.y + Math.floor(random() * 5) - 2,
      health: random() < 0.05 ? each.health - 1 : each.health,
    }));
    if (tick % 10 === 9) entities = [...entities.toSpliced(Math.floor(random() * 200), 1), entity(born++)];
  }
  return states;
}

/** A game's state with its entities by key instead of in a list. */
export function entitiesByKey(state: Json): Json {
  const { tick, entities } = state as { tick: number; entities: { id: number }[] };
  return { tick, entities: Object.fromEntries(entities.map((entity) => [`e${entity.id}`, entity])) };
}
