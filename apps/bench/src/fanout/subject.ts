import type { ContenderOptions } from "../servers/contender.ts";
import type { Report } from "../servers/orders.ts";
import { startServer } from "../servers/process.ts";

/** A server that is being measured, of whatever make. */
export interface Subject {
  readonly port: number;
  /** Whether a client is given the state when it connects. */
  readonly snapshots: boolean;
  prepare(changes: number, cloned: boolean): Promise<void>;
  /** Publishes what was prepared; gives when each was, in milliseconds of the machine's clock. */
  run(perTick: number, perSecond?: number): Promise<readonly number[]>;
  usage(collect: boolean): Promise<Pick<Report, "cpu" | "rss" | "heap" | "details">>;
  stop(): Promise<void>;
}

export async function startNodeSubject(module: string, kilobytes: number, options: ContenderOptions): Promise<Subject> {
  const server = await startServer(module, kilobytes, options);
  return {
    port: server.port,
    snapshots: true,
    prepare: async (changes, cloned) => void (await server.ask({ do: "prepare", changes, cloned })),
    async run(perTick, perSecond) {
      const { stamps } = await server.ask({ do: "run", perTick, ...(perSecond === undefined ? {} : { perSecond }) });
      return stamps;
    },
    usage: (collect) => server.ask({ do: "report", collect }),
    stop: () => server.stop(),
  };
}
