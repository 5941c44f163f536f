import { setTimeout as delay } from "node:timers/promises";
import type { Backplane } from "@statestream/redis";
import { answerApi } from "../api.ts";
import { initialBoard } from "../board.ts";
import { bodyTooLarge, failure, type HttpRequest, type HttpResponse } from "../http.ts";
import { answerPage } from "../pages.ts";
import type { Playground } from "../playground.ts";
import type { PlaygroundState } from "../state.ts";
import { readSystem, type Traffic } from "../system.ts";
import { initialTranscript, type Text } from "../transcript.ts";
import { answerControl, CONTROL_PATH } from "./control.ts";
import { forward, LEADER_PATH, NOT_LEADING } from "./forward.ts";
import { lead, type Leadership } from "./leader.ts";
import { type ClusterStatus, leaderOf, type NodeReport, type Order } from "./status.ts";

export interface MemberOptions {
  readonly backplane: Backplane;
  readonly text: Text;
  readonly pages: ReadonlyMap<string, HttpResponse>;
  /** What the parent told last. */
  readonly status: () => ClusterStatus;
  readonly order: (order: Order) => void;
  /** Called when this node begins or ceases to lead. */
  readonly onLeadership: () => void;
}

/** One node of several: it serves the stream, and leads it when it is its turn. */
export interface Member extends Playground {
  report(): NodeReport;
}

const KEY = "playground";
/** How long a change waits for a node that leads: longer than the lease of one that was killed. */
const MAX_WAIT_MS = 10_000;
const RETRY_MS = 100;
/** A change that Redis does not have by then is answered all the same: the leader keeps it until Redis is back. */
const FLUSH_MS = 2000;

export function createMember(options: MemberOptions): Member {
  const { backplane, text, pages, status, order, onLeadership } = options;
  let leadership: Leadership | undefined;
  const traffic = (): Traffic => {
    const reports = status().nodes.flatMap(({ report }) => report ?? []);
    const sum = (of: (report: NodeReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
    return {
      connections: sum(({ connections }) => connections),
      bytesWritten: sum(({ bytesWritten }) => bytesWritten),
    };
  };
  const writer = backplane.writer<PlaygroundState>(KEY, {
    initialState: {
      board: initialBoard(),
      system: readSystem({ connections: 0, bytesWritten: 0 }, 0),
      transcript: initialTranscript(text.title),
    },
    onLeadership(leads) {
      leadership?.stop();
      leadership = leads ? lead(writer, text.content, traffic) : undefined;
      onLeadership();
    },
  });
  const stream = backplane.streams.get<PlaygroundState>(KEY);

  /** `undefined`: this node does not lead, or ceased to before Redis had the change. */
  const answerAsLeader = async (request: HttpRequest): Promise<HttpResponse | undefined> => {
    if (leadership === undefined) return undefined;
    const response = answerApi(leadership.changeable, request);
    try {
      await Promise.race([writer.flushed(), delay(FLUSH_MS, undefined, { ref: false })]);
    } catch {
      return undefined;
    }
    return response;
  };

  /**
   * Has the leader answer, whichever node that is by then. A leader that dies between making a change and answering is
   * asked again on its successor: a change is made at least once, a new task in that moment maybe twice.
   */
  const answerByLeader = async (request: HttpRequest): Promise<HttpResponse> => {
    if (request.body === undefined) return bodyTooLarge();
    const end = performance.now() + MAX_WAIT_MS;
    while (performance.now() < end) {
      const leader = leaderOf(status());
      const response =
        leadership === undefined ? leader && (await forward(request, leader.port)) : await answerAsLeader(request);
      if (response !== undefined) return response;
      await delay(RETRY_MS);
    }
    return failure(503, "no-leader", "No node leads: is Redis away?");
  };

  return {
    stream,
    headers: { "x-pid": String(process.pid) },
    async answer(request) {
      const { path } = request;
      if (path.startsWith(`${LEADER_PATH}/`)) {
        const response = await answerAsLeader({ ...request, path: path.slice(LEADER_PATH.length) });
        return response ?? failure(NOT_LEADING, "not-leading", "This node does not lead.");
      }
      if (path.startsWith(CONTROL_PATH)) return answerControl(request, status(), order);
      return path.startsWith("/api/") ? answerByLeader(request) : answerPage(pages, request);
    },
    report() {
      const { connections, bytesWritten, backplane: node } = stream.stats();
      const { role, head, lag, staleSince } = node;
      return { role, head: head?.seq, lag, staleSince, connections, bytesWritten };
    },
    start() {},
    async close() {
      // Before the writer closes: a closed one takes no changes.
      leadership?.stop();
      await backplane.close({ reason: "draining" });
    },
  };
}
