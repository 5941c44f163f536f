// Loggers and APM agents observe a process through node:diagnostics_channel. The module is looked up at run time, so that
// this file imports nothing of Node and bundles for browsers and workers do not mention it.

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

interface Diagnostics {
  channel(name: string): Channel;
}

/** Stands for every channel where the runtime has none: nobody can subscribe to it. */
const absent: Channel = { hasSubscribers: false, publish() {} };

const diagnostics = lookUp();

function lookUp(): Diagnostics | undefined {
  const { process: runtime } = globalThis as {
    process?: { getBuiltinModule?: (id: string) => Diagnostics | undefined };
  };
  try {
    return runtime?.getBuiltinModule?.("node:diagnostics_channel");
  } catch {
    // The edge runtime of Next.js has this function, but it throws.
    return undefined;
  }
}

const channel = (name: string): Channel => diagnostics?.channel(name) ?? absent;

/** `{ connection, refused }`: a client connected; `refused` is the reason when it was refused. */
export const connectChannel: Channel = channel("statestream:connect");
/** `{ connection, reason }`: a connection was closed. Published once for each message of `statestream:connect`. */
export const endChannel: Channel = channel("statestream:end");
/** `{ connection, reason }`: a client was sent a snapshot although it had, or claimed to have, a position. */
export const resyncChannel: Channel = channel("statestream:resync");
/** `{ durationMs }`: the connections of a stream were notified of what is new, which took this long. */
export const flushChannel: Channel = channel("statestream:flush");
