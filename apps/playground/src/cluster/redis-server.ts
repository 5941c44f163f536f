import { spawn } from "node:child_process";
import { RedisServer } from "@statestream/redis-server";

/** Starts the cluster's Redis. `onChange` is called when its process starts and when it ends. */
export function startRedis(onChange: (isUp: boolean) => void): Promise<RedisServer> {
  return RedisServer.start({
    spawn(command, args) {
      // A process group of its own: Ctrl-C reaches only the parent, which ends the nodes first.
      const child = spawn(command, args, { detached: true, stdio: "ignore" });
      child.once("spawn", () => onChange(true));
      child.once("exit", () => onChange(false));
      return child;
    },
  });
}
