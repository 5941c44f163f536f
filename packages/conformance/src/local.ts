import {
  createStateStream,
  type CreateStateStream,
  type Json,
  type StateChange,
  type StateStream,
  type StateStreamOptions,
  type StreamStateOptions,
  type WritableStateStream,
} from "@statestream/core";
import {
  type Change,
  type Commit,
  offered,
  type Server,
  type ServerProcess,
  type Setup,
  setting,
  type State,
  type Subject,
} from "./subject.ts";

/** Puts a stream behind a URL, with the adapter under test. */
export type Mount = (stream: StateStream, options: StreamStateOptions) => Promise<Mounted>;

export interface Mounted {
  readonly url: string;
  /** Stops listening, and closes what is open. */
  close(): unknown;
}

type Values = Record<string, Json>;

/** The next turn of the event loop. Not every runtime has `setImmediate`. */
const turn = (): Promise<void> =>
  new Promise((resolve) => void (typeof setImmediate === "function" ? setImmediate(resolve) : setTimeout(resolve)));

/** Where a stream's state is, and how it is changed. */
interface Holder extends ServerProcess {
  commit(commit: Commit): void;
}

/** A subject in this process. `create` is for streams that are broken on purpose. */
export function localSubject(mount: Mount, create: CreateStateStream = createStateStream): Subject {
  return {
    inProcess: true,
    async open(given) {
      const setup = asSent(given);
      const holder = setup.source === "store" ? storeHolder(setup, create) : ownHolder(setup, create);
      const { slices, expiresInMs, revocable } = setup.adapter ?? {};
      const access = new AbortController();
      const expiresAt = expiresInMs === undefined ? undefined : Date.now() + expiresInMs;
      const mounted = await mount(holder.stream, { slices, expiresAt, revoked: revocable ? access.signal : undefined });
      return serverOf(holder, mounted, access);
    },
  };
}

/** A copy, as if it had been sent over HTTP: nothing is shared with the case. */
function asSent<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function serverOf(holder: Holder, mounted: Mounted, access: AbortController): Server {
  const { stream } = holder;
  return {
    url: mounted.url,
    process: holder,
    async commit(...commits) {
      for (const commit of asSent(commits)) holder.commit(commit);
    },
    async offer({ slice, bytes, times }) {
      for (let n = 1; n <= times; n++) {
        holder.commit(setting(slice, offered(bytes, n)));
        await turn();
      }
    },
    close: (ending) => stream.close(ending),
    revoke: async () => access.abort(),
    connections: async () => stream.stats().connections,
    async dispose() {
      // Together: a broken stream may never say that it is closed.
      void stream.close();
      await mounted.close();
    },
  };
}

function ownHolder(setup: Setup, create: CreateStateStream): Holder {
  const stream: WritableStateStream<Values> = create({ initialState: own(setup.state), ...streamOptions(setup) });
  return {
    stream,
    commit: ({ changes, cause }) =>
      stream.batch(() => changes.forEach((change) => changeStream(stream, change)), cause),
    beforeStream: () => {
      throw new Error("A stream that owns its state has no listeners before it.");
    },
    batch: (fn) => stream.batch(fn),
  };
}

function changeStream(stream: WritableStateStream<Values>, change: Change): void {
  const { slice } = change;
  if (change.op === "set") stream.set(slice, () => change.value);
  else if (change.op === "patch") stream.patch(slice, change.operations);
  else if (change.op === "remove") stream.remove(slice);
  else stream.set(slice, (value) => mutate(value, change.member, change.value));
}

function storeHolder(setup: Setup, create: CreateStateStream): Holder {
  let state = own(setup.state);
  const before: (() => void)[] = [];
  const listeners = new Set<(change?: StateChange) => void>();
  const stream = create({
    source: {
      getState: () => state,
      subscribe(listener: (change?: StateChange) => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    ...streamOptions(setup),
  });
  const notify = (change: StateChange): void => {
    for (const listener of before) listener();
    for (const listener of [...listeners]) listener(change);
  };
  return {
    stream,
    commit({ changes, cause }) {
      const mutated = changes.find(({ op }) => op === "mutate");
      if (mutated === undefined) {
        state = changes.reduce((reached, change) => changed(reached, change), own(state));
        return notify({ cause });
      }
      if (changes.length > 1) throw new Error("A store changes one slice in place at a time.");
      changed(state, mutated);
      notify({ slice: mutated.slice, cause });
    },
    beforeStream: (listener) => void before.push(listener),
    batch: () => {
      throw new Error("A store has no batch.");
    },
  };
}

function changed(state: Values, change: Change): Values {
  const { slice } = change;
  if (change.op === "set") put(state, slice, change.value);
  else if (change.op === "remove") delete state[slice];
  else if (change.op === "mutate") mutate(state[slice], change.member, change.value);
  else throw new Error("A store does not support patches.");
  return state;
}

function mutate(value: Json | undefined, member: string, next: Json): Json {
  const target = value as Values;
  target[member] = next;
  return target;
}

/** A copy whose members are all its own, `__proto__` included. */
function own(state: State): Values {
  const copy: Values = {};
  for (const [slice, value] of Object.entries(state)) put(copy, slice, value);
  return copy;
}

function put(state: Values, slice: string, value: Json): void {
  Object.defineProperty(state, slice, { value, writable: true, enumerable: true, configurable: true });
}

function streamOptions({ options = {} }: Setup): StateStreamOptions<Values> {
  const { slices, cause, ...numbers } = options;
  return {
    ...numbers,
    ...(cause === undefined ? {} : { cause: (whole) => whole }),
    ...(slices === undefined
      ? {}
      : { slices: "listedIn" in slices ? (state) => listed(state, slices.listedIn) : slices }),
  };
}

function listed(state: Values, slice: string): string[] {
  return state[slice] as string[];
}
