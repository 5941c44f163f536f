import type { StreamStatus } from "@statestream/client";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Answer } from "../model/answer.ts";
import { send } from "../send.ts";
import { NodeCard } from "./node-card.tsx";
import { useCluster } from "./use-cluster.ts";

interface ClusterProps {
  status: StreamStatus["status"];
  answer: Answer;
}

/** The nodes, which one serves this page, and how to break them. */
export function Cluster({ status, answer }: ClusterProps): JSX.Element {
  const cluster = useCluster();
  const [problem, setProblem] = useState("");
  const order = (path: string): Promise<void> =>
    send("POST", `/api/cluster/${path}`).then(
      () => setProblem(""),
      (error: Error) => setProblem(error.message),
    );
  const nodes = cluster?.nodes ?? [];
  const isRedisUp = cluster?.isRedisUp !== false;
  // Of a connection that has broken, the process may still be there.
  const serving = status === "closed" ? undefined : nodes.find(({ pid }) => String(pid) === answer.pid);
  return (
    <section class="cluster" aria-labelledby="cluster-title">
      <div class="head">
        <h2 id="cluster-title">Cluster</h2>
        <p class="note" aria-live="polite">
          {describe(answer, cluster !== undefined && serving === undefined)}
        </p>
        {problem !== "" && (
          <span class="problem" role="alert">
            {problem}
          </span>
        )}
        <button type="button" disabled={serving === undefined} onClick={() => void order(`nodes/${serving?.pid}/kill`)}>
          Kill the node that serves this page
        </button>
        <button
          type="button"
          disabled={cluster === undefined}
          onClick={() => void order(isRedisUp ? "redis/kill" : "redis/start")}
        >
          {isRedisUp ? "Kill Redis" : "Start Redis"}
        </button>
      </div>
      <p class="note">
        Three processes serve one stream, with Redis between them; this page is at one of them. Kill any: the page
        resumes at another. Kill Redis, which keeps nothing: heartbeats say that the state may be old, and the leader
        puts the stream back.
      </p>
      <ol class="nodes" aria-label="Nodes">
        {nodes.map((node) => (
          <NodeCard
            key={node.framework}
            node={node}
            isServing={node === serving}
            kill={() => void order(`nodes/${node.pid}/kill`)}
          />
        ))}
      </ol>
    </section>
  );
}

/** How this page came to the node that it is on. */
function describe({ framework = "", how, afterMs }: Answer, isGone: boolean): string {
  const after = afterMs === undefined ? "" : ` after ${(afterMs / 1000).toFixed(1)} s`;
  switch (how) {
    case "connecting":
      return "connecting…";
    case "failed":
      return "no node answers; trying again…";
    case "snapshot":
      return isGone ? `${framework} is gone` : `on ${framework} with a snapshot${after}`;
    case "resumed":
      return isGone ? `${framework} is gone` : `resumed on ${framework}${after}`;
  }
}
