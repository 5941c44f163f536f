import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Framework } from "../frameworks.ts";
import { end, isRunning } from "./child.ts";
import type { ClusterStatus, NodeMessage, NodeStatus, Order } from "./status.ts";

/** The same path from `src/`, where tests run, and from `dist/`. */
const NODE = fileURLToPath(new URL("../../dist/cluster/node.js", import.meta.url));
const GRACE_MS = 1000;

/** A node that is started again a while after its process ended. */
export interface NodeProcess {
  readonly status: NodeStatus;
  send(status: ClusterStatus): void;
  /** As `kill -9` does. */
  kill(): void;
  close(): Promise<void>;
}

export interface NodeProcessOptions {
  readonly framework: Framework;
  readonly port: number;
  readonly redisUrl: string;
  readonly restartMs: number;
  readonly onChange: () => void;
  readonly onOrder: (order: Order) => void;
  /** The process is gone, and will be back. */
  readonly onExit: (pid: number) => void;
}

export function startNode(options: NodeProcessOptions): NodeProcess {
  const { framework, port, redisUrl, restartMs, onChange, onOrder, onExit } = options;
  let status: NodeStatus = { framework, port, pid: undefined, report: undefined };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let child = start();

  function start(): ChildProcess {
    const started = fork(NODE, [framework, String(port), redisUrl], {
      // A process group of its own: Ctrl-C is for the parent, who ends the nodes in order.
      detached: true,
      execArgv: [],
    });
    const pid = started.pid as number;
    status = { ...status, pid };
    started.on("message", (message: NodeMessage) => {
      if ("order" in message) return onOrder(message.order);
      status = { ...status, report: message.report };
      onChange();
    });
    started.once("exit", () => {
      status = { ...status, pid: undefined, report: undefined };
      onChange();
      if (isClosing) return;
      onExit(pid);
      timer = setTimeout(() => {
        child = start();
        onChange();
      }, restartMs);
    });
    return started;
  }

  let isClosing = false;
  return {
    get status() {
      return status;
    },
    send(news) {
      // It may exit between this check and the message; its exit is reported separately.
      if (isRunning(child) && child.connected) child.send(news, () => {});
    },
    kill: () => void child.kill("SIGKILL"),
    async close() {
      isClosing = true;
      clearTimeout(timer);
      await end(child, GRACE_MS);
    },
  };
}
