import { StateStreamError } from "@statestream/core";
import type { Backplane } from "@statestream/redis";
import { answerApi, withPosition } from "../api.ts";
import { initialBoard } from "../board.ts";
import { bodyTooLarge, failure, type HttpRequest, type HttpResponse } from "../http.ts";
import { answerPage, type Page } from "../pages.ts";
import type { Playground } from "../playground.ts";
import type { PlaygroundState } from "../state.ts";
import { readSystem, type Traffic } from "../system.ts";
import { initialTranscript, type Text } from "../transcript.ts";
import { answerControl, CONTROL_PATH } from "./control.ts";
import { lead, type Leadership } from "./leader.ts";
import type { ClusterStatus, NodeReport, Order } from "./status.ts";

export interface MemberOptions {
  readonly backplane: Backplane;
  readonly text: Text;
  readonly pages: ReadonlyMap<string, Page>;
  /** The last status from the parent. */
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
/** The leader and Redis keep IDs of commands, and clients choose them here. */
const MAX_ID_LENGTH = 64;

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
    // The answer is stored together with the change: a position that is answered is in the stream.
    onCommand: (request): HttpResponse | undefined =>
      leadership && withPosition(answerApi(leadership.changeable, request as HttpRequest), writer.eventId),
    onLeadership(leads) {
      leadership?.stop();
      leadership = leads ? lead(writer, text.content, traffic) : undefined;
      onLeadership();
    },
  });
  const stream = backplane.streams.get<PlaygroundState>(KEY);

  /**
   * The answer of the node that leads, whichever that is by then. Its change is made once, also when the client repeats the
   * request because this node died before it answered.
   */
  const answerByLeader = async (request: HttpRequest): Promise<HttpResponse> => {
    if (request.body === undefined) return bodyTooLarge();
    const { idempotencyKey: id = "" } = request;
    const isUsable = id !== "" && id.length <= MAX_ID_LENGTH;
    try {
      const options = { timeoutMs: MAX_WAIT_MS, ...(isUsable ? { id } : {}) };
      return (await backplane.send(KEY, request, options)) as HttpResponse;
    } catch (error) {
      if (!(error instanceof StateStreamError) || error.code !== "timeout") throw error;
      return failure(503, "no-leader", "No node leads: is Redis away?");
    }
  };

  return {
    stream,
    headers: { "x-pid": String(process.pid) },
    async answer(request) {
      const { path } = request;
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
