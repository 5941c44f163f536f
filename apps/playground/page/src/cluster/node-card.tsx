import type { JSX } from "preact";
import type { NodeReport, NodeStatus } from "../../../src/cluster/status.ts";

const ROLES = { leading: "leads", standby: "stands by", serving: "serves" } as const;

interface NodeCardProps {
  node: NodeStatus;
  isServing: boolean;
  kill: () => void;
}

export function NodeCard({ node, isServing, kill }: NodeCardProps): JSX.Element {
  const { framework, pid, report } = node;
  return (
    <li class="node" aria-current={isServing} data-role={report?.role ?? "down"}>
      <p>
        <strong>{framework}</strong> <span class="role">{report === undefined ? downOf(pid) : ROLES[report.role]}</span>
        {isServing && <span class="serving">serves this page</span>}
      </p>
      <button type="button" disabled={pid === undefined} aria-label={`Kill ${framework}`} onClick={kill}>
        Kill
      </button>
      <p class="note">{report === undefined ? "\u00a0" : figuresOf(pid, report)}</p>
    </li>
  );
}

function downOf(pid: number | undefined): string {
  return pid === undefined ? "killed" : "starting";
}

function figuresOf(pid: number | undefined, { head, lag, staleSince, connections }: NodeReport): string {
  const state =
    staleSince === undefined
      ? `lag ${lag ?? "unknown"}`
      : `stale since ${new Date(staleSince).toLocaleTimeString("en-GB")}`;
  return [`process ${pid}`, `clients ${connections}`, `head ${head?.toLocaleString("en") ?? "none"}`, state].join(", ");
}
