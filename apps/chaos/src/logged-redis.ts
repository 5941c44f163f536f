import type { Log } from "./log.ts";
import { requestOf, statusOf } from "./script-arguments.ts";

/** What is looked at of a node-redis client. */
interface Client {
  sendCommand(args: readonly (string | Buffer)[], ...rest: unknown[]): Promise<unknown>;
  duplicate(...overrides: unknown[]): Client;
}

/** One number for each command of this process, whatever client it goes through. */
let calls = 0;

/** Has what this client, and every copy of it, asks of the backplane's scripts written down before it is sent, and the reply. */
export function logWrites<C extends object>(redis: C, log: Log): C {
  const client = redis as unknown as Client;
  const send = client.sendCommand.bind(client);
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (...overrides) => logWrites(duplicate(...overrides), log);
  client.sendCommand = async (args, ...rest) => {
    const call = calls + 1;
    const request = requestOf(args.map(String), call);
    if (request === undefined) return send(args, ...rest);
    calls = call;
    log.write(request);
    try {
      const reply = await send(args, ...rest);
      log.write({ kind: "reply", call, status: statusOf(reply) });
      return reply;
    } catch (error) {
      log.write({ kind: "reply", call, status: undefined, error: String(error) });
      throw error;
    }
  };
  return redis;
}
