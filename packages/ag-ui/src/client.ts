import { type AgentSubscriber, HttpAgent } from "@ag-ui/client";
import type { RunAgentInput } from "@ag-ui/core";
import { completed } from "./completed.ts";
import { follow, type FollowRequest } from "./follow.ts";

type Events = ReturnType<HttpAgent["run"]>;

/** What is aborted when the run with an input is over. */
const ends = new WeakMap<RunAgentInput, AbortController>();

/**
 * An `HttpAgent` that follows. `connectAgent()` requests the same URL by GET and keeps the agent's state and messages
 * current until the stream ends: it reconnects by itself, waits longer after each failure, notices a connection that has
 * gone silent, and goes on where it was without a snapshot while the server's log reaches back. Meanwhile `isRunning` is
 * false, since no run is under way. `runAgent()` works as ever, but a connection that is lost ends the run with RUN_ERROR
 * (`connection-lost`) and leaves no unhandled rejection.
 *
 * `connectAgent()` resolves when the stream is closed (RUN_FINISHED), and after RUN_ERROR where coming back is of no use:
 * access was revoked, or the server refused the request (`http-403`). `headers` are read again for each request.
 *
 * @example
 * const agent = new StateStreamAgent({ url: "/agent" });
 * agent.subscribe({ onStateChanged: ({ state }) => show(state) });
 * await agent.connectAgent();
 */
export class StateStreamAgent extends HttpAgent {
  // No fields and no private methods: `clone` of the base class makes an object without running constructors.

  protected override connect(input: RunAgentInput): Events {
    if (this.abortController.signal.aborted) this.abortController = new AbortController();
    // To follow is no run: a front end that waits for the end of a run before it asks must not wait for this.
    this.isRunning = false;
    const signal = AbortSignal.any([this.abortController.signal, endOf(input)]);
    // Read anew for each request: the application may have changed them.
    const request: FollowRequest["request"] = (url, init, headers) =>
      this.fetch(url, { ...init, headers: { ...this.headers, ...headers } });
    return receive(this, input, async () => follow({ url: this.url, request, ids: input, signal }));
  }

  override run(input: RunAgentInput): Events {
    const signal = AbortSignal.any([this.abortController.signal, endOf(input)]);
    return receive(this, input, async (url, init) => completed(await this.fetch(url, { ...init, signal }), signal));
  }

  /** The base class goes on reading what nobody waits for any more, after `detachActiveRun` for example. */
  protected override onFinalize(input: RunAgentInput, subscribers: AgentSubscriber[]): Promise<void> {
    ends.get(input)?.abort();
    return super.onFinalize(input, subscribers);
  }

  /** A snapshot says the order too; the base class would leave what it has in place. */
  protected override apply(
    input: RunAgentInput,
    events: Parameters<HttpAgent["apply"]>[1],
    subscribers: AgentSubscriber[],
  ): ReturnType<HttpAgent["apply"]> {
    return super.apply(input, events, [...subscribers, { onMessagesSnapshotEvent: () => ({ messages: [] }) }]);
  }
}

function endOf(input: RunAgentInput): AbortSignal {
  const end = new AbortController();
  ends.set(input, end);
  return end.signal;
}

/** The events of the response that `fetch` gives, read by the base class. */
function receive(agent: StateStreamAgent, input: RunAgentInput, fetch: HttpAgent["fetch"]): Events {
  return HttpAgent.prototype.run.call(Object.create(agent, { fetch: { value: fetch } }) as HttpAgent, input);
}
