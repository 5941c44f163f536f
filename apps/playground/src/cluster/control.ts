import { failure, type HttpRequest, type HttpResponse, json, methodNotAllowed, notFound } from "../http.ts";
import type { ClusterStatus, Order } from "./status.ts";

export const CONTROL_PATH = "/api/cluster";

/** What the page shows of the cluster, and how it breaks it. Any node answers: all know what their parent knows. */
export function answerControl(
  { method, path }: HttpRequest,
  status: ClusterStatus,
  order: (order: Order) => void,
): HttpResponse {
  if (path === CONTROL_PATH) {
    return method === "GET" ? json(200, status, { "cache-control": "no-store" }) : methodNotAllowed(method, ["GET"]);
  }
  const [, redis] = /^\/redis\/(kill|start)$/.exec(path.slice(CONTROL_PATH.length)) ?? [];
  const [, pid] = /^\/nodes\/(\d+)\/kill$/.exec(path.slice(CONTROL_PATH.length)) ?? [];
  if (redis === undefined && pid === undefined) return notFound(path);
  if (method !== "POST") return methodNotAllowed(method, ["POST"]);
  if (pid === undefined) {
    order({ redis: redis === "kill" ? "kill" : "start" });
  } else {
    if (!status.nodes.some((node) => node.pid === Number(pid))) {
      return failure(404, "unknown-process", `No node is process ${pid}; has it been killed?`);
    }
    order({ kill: Number(pid) });
  }
  return json(202, { ok: true });
}
