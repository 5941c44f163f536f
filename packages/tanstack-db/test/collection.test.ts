import { createStateClient, type DeepReadonly, type StateClient } from "@statestream/client";
import { createStateStream } from "@statestream/core";
import { streamState } from "@statestream/core/fetch";
import { type Collection, createCollection, createLiveQueryCollection, eq } from "@tanstack/db";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeServer, say, settled } from "../../client/test/support/fake-server.ts";
import { stateCollectionOptions, type Written } from "../src/index.ts";

interface Task {
  readonly id: string;
  readonly column: string;
}

interface Board {
  readonly tasks: readonly Task[];
  readonly byId?: Readonly<Record<string, Task>>;
}

/** A write: what the application's server answers is up to the test. */
class Write {
  readonly answer: Promise<Written>;
  resolve!: (written: Written) => void;
  reject!: (error: Error) => void;

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

let server: FakeServer;
let client: StateClient<DeepReadonly<Board> | undefined>;
let writes: Write[];
let tasks: Collection<DeepReadonly<Task>, string>;
/** What became visible, in order. */
let seen: string[];

const a: Task = { id: "a", column: "todo" };
const b: Task = { id: "b", column: "todo" };
const board = say.initial({ tasks: [a, b] }, 1);
const patch = (seq: number, index: number, column: string): string =>
  say.update("tasks", seq, seq - 1, { patches: [{ op: "replace", path: `/${index}/column`, value: column }] });

function write(): Promise<Written> {
  const made = new Write();
  writes.push(made);
  return made.answer;
}

function create(): void {
  tasks = createCollection(
    stateCollectionOptions({
      client,
      slice: "tasks",
      getKey: (task) => task.id,
      onInsert: write,
      onUpdate: write,
      onDelete: write,
    }),
  );
  tasks.subscribeChanges(
    (changes) => {
      for (const { type, key, value } of changes) seen.push(`${type} ${key} ${value.column}`);
    },
    { includeInitialState: true },
  );
}

function move(key: string, column: string) {
  return tasks.update(key, (task) => {
    task.column = column;
  });
}

beforeEach(async () => {
  vi.useFakeTimers();
  server = new FakeServer();
  writes = [];
  seen = [];
  client = createStateClient<Board>("http://server.test/events", { fetch: server.fetch });
  await settled();
});
afterEach(() => {
  client.close();
  vi.useRealTimers();
});

async function live(): Promise<void> {
  await server.last.open(board);
  create();
  await settled();
  seen.length = 0;
}

test("is ready with the first state, and then writes the rows that changed and no others", async () => {
  create();
  expect([tasks.status, tasks.size]).toEqual(["loading", 0]);
  await server.last.open(board);
  expect([tasks.status, tasks.size]).toEqual(["ready", 2]);
  expect(seen).toEqual(["insert a todo", "insert b todo"]);
  await server.last.send(patch(2, 1, "done"));
  await server.last.send(say.update("byId", 3, 1, { value: { a: { ...a } } }));
  await server.last.send(say.update("tasks", 4, 2, { patches: [{ op: "remove", path: "/0" }] }));
  expect(seen.slice(2)).toEqual(["update b done", "delete a todo"]);
  await server.last.send(say.update("tasks", 5, 4, { removed: true }));
  expect([tasks.status, tasks.size]).toEqual(["ready", 0]);
});

test("takes the rows of an object too", async () => {
  await server.last.open(say.initial({ tasks: [], byId: { a, b } }, 1));
  const byId = createCollection(stateCollectionOptions({ client, slice: "byId", getKey: (task) => task.id }));
  await byId.preload();
  expect([...byId.keys()]).toEqual(["a", "b"]);
});

test("shows an update at once, and replaces it by the server's own version when the copy contains the write", async () => {
  await live();
  const { isPersisted } = move("a", "doing");
  expect(seen).toEqual(["update a doing"]);
  writes[0]?.resolve({ eventId: "e.3" });
  await server.last.send(patch(2, 1, "other"));
  expect([tasks.get("a")?.column, isPersisted.isPending()]).toEqual(["doing", true]);
  await server.last.send(patch(3, 0, "doing, says the server"));
  await isPersisted.promise;
  expect(tasks.get("a")?.column).toBe("doing, says the server");
  expect(seen.filter((change) => change.includes(" a "))).toEqual([
    "update a doing",
    "update a doing, says the server",
  ]);
});

test("shows no old value where the commit arrives before the answer to the write", async () => {
  await live();
  const { isPersisted } = move("a", "doing");
  await server.last.send(patch(2, 0, "doing"));
  writes[0]?.resolve({ eventId: "e.2" });
  await isPersisted.promise;
  expect(tasks.get("a")?.column).toBe("doing");
  expect(new Set(seen)).toEqual(new Set(["update a doing"]));
});

test("shows no old value of a write that is done while another waits", async () => {
  await live();
  const first = move("a", "doing");
  const second = move("b", "done");
  writes[0]?.resolve({ eventId: "e.2" });
  await server.last.send(patch(2, 0, "doing"));
  await first.isPersisted.promise;
  expect([tasks.get("a")?.column, tasks.get("b")?.column]).toEqual(["doing", "done"]);
  writes[1]?.resolve({ eventId: "e.3" });
  await server.last.send(patch(3, 1, "done"));
  await second.isPersisted.promise;
  expect([tasks.get("a")?.column, tasks.get("b")?.column]).toEqual(["doing", "done"]);
  expect(seen.filter((change) => change.endsWith("todo"))).toEqual([]);
});

test("inserts a row at once, and keeps it until the server's own has arrived", async () => {
  await live();
  const { isPersisted } = tasks.insert({ id: "c", column: "todo" });
  writes[0]?.resolve({ eventId: "e.2" });
  await settled();
  expect(tasks.size).toBe(3);
  await server.last.send(
    say.update("tasks", 2, 1, { patches: [{ op: "add", path: "/2", value: { id: "c", column: "new" } }] }),
  );
  await isPersisted.promise;
  expect(tasks.get("c")?.column).toBe("new");
  expect(seen.filter((change) => change.startsWith("delete"))).toEqual([]);
});

test("rolls a write back that fails, and gives the reason", async () => {
  await live();
  const { isPersisted } = move("a", "doing");
  const reason = isPersisted.promise.catch((error: unknown) => error);
  writes[0]?.reject(new Error("Not allowed."));
  expect(await reason).toMatchObject({ message: "Not allowed." });
  expect(tasks.get("a")?.column).toBe("todo");
});

test("rolls a write back that a failover lost, and says so", async () => {
  await live();
  const { isPersisted } = tasks.delete("a");
  const reason = isPersisted.promise.catch((error: unknown) => error);
  writes[0]?.resolve({ eventId: "e.2" });
  await settled();
  expect(tasks.has("a")).toBe(false);
  await server.last.send(
    say.update("tasks", 5, 1, { patches: [{ op: "replace", path: "/1/column", value: "done" }] }).replace("e.5", "f.5"),
  );
  expect(await reason).toMatchObject({ code: "position-lost" });
  expect([tasks.get("a")?.column, tasks.get("b")?.column]).toEqual(["todo", "done"]);
});

test("has an error where the client is closed before it has a state", async () => {
  create();
  server.last.answer(404);
  await settled();
  expect(tasks.status).toBe("error");
  await expect(tasks.preload()).rejects.toMatchObject({ code: "refused" });
});

test("cleaning up the collection unsubscribes it, and leaves the client open", async () => {
  await live();
  await tasks.cleanup();
  seen.length = 0;
  await server.last.send(patch(2, 0, "doing"));
  expect(seen).toEqual([]);
  expect(client.getStatus().status).toBe("live");
});

test("live queries over a real stream follow writes of their own", async () => {
  vi.useRealTimers();
  client.close();
  const stream = createStateStream({ initialState: { tasks: [a, b] as readonly Task[] } });
  client = createStateClient<Board>("http://server.test/events", {
    fetch: async (url, init) => streamState(new Request(url, init), stream),
  });
  const real = createCollection(
    stateCollectionOptions({
      client,
      slice: "tasks",
      getKey: (task) => task.id,
      async onUpdate({ transaction }) {
        const [{ key, modified }] = transaction.mutations;
        stream.set("tasks", (all) => all.map((task) => (task.id === key ? modified : task)));
        return { eventId: stream.eventId };
      },
    }),
  );
  const done = createLiveQueryCollection((query) =>
    query.from({ task: real }).where(({ task }) => eq(task.column, "done")),
  );
  await done.preload();
  expect(done.size).toBe(0);
  const { isPersisted } = real.update("b", (task) => {
    task.column = "done";
  });
  expect([...done.keys()]).toEqual(["b"]);
  await isPersisted.promise;
  expect([...done.keys()]).toEqual(["b"]);
  expect(stream.state.tasks).toEqual([a, { id: "b", column: "done" }]);
  void stream.close();
});
