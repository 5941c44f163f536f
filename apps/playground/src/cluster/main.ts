import { redisServerVersion } from "@statestream/redis-server";
import { portOf, readOptions } from "../arguments.ts";
import { startCluster } from "./cluster.ts";

const USAGE = "Usage: pnpm demo:cluster [--port 3000]";

try {
  const port = portOf(readOptions(process.argv.slice(2), { port: "3000" }, USAGE).port);
  if (redisServerVersion() === undefined) {
    throw new Error(
      "pnpm demo:cluster needs redis-server, 7.0 or later: apt-get install redis-server, or brew install redis.",
    );
  }
  const starting = startCluster({
    port,
    log: (line) => console.log(line),
    onFailure(reason) {
      console.error(reason);
      process.exitCode = 1;
      stop();
    },
  });
  let isStopping = false;
  function stop(): void {
    if (isStopping) return;
    isStopping = true;
    // Also what is just being started. If that fails, it ends itself.
    void starting.then(
      (cluster) => cluster.close(),
      () => {},
    );
  }
  // However often they come: a parent that dies at once would leave its children behind.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  const { url } = await starting;
  console.log(`Statestream playground on three nodes: ${url}`);
  console.log(`The stream by hand: curl -N ${url}/events`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
