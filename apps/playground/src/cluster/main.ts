import { portOf, readOptions } from "../arguments.ts";
import { startCluster } from "./cluster.ts";
import { isRedisInstalled } from "./redis-server.ts";

const USAGE = "Usage: pnpm demo:cluster [--port 3000]";

try {
  const port = portOf(readOptions(process.argv.slice(2), { port: "3000" }, USAGE).port);
  if (!isRedisInstalled()) {
    throw new Error("pnpm demo:cluster needs redis-server, 7.0 or later: apt-get install redis-server, or brew install redis.");
  }
  let stop = (): void => {};
  const cluster = await startCluster({
    port,
    log: (line) => console.log(line),
    onFailure(reason) {
      console.error(reason);
      process.exitCode = 1;
      stop();
    },
  });
  stop = (): void => void cluster.close();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  console.log(`Statestream playground on three nodes: ${cluster.url}`);
  console.log(`The stream by hand: curl -N ${cluster.url}/events`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
