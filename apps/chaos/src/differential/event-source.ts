import { request, type ClientRequest, type IncomingMessage } from "node:http";

/** Called with the event's type, its data and the last event ID. */
type OnEvent = (type: string, data: string, lastEventId: string) => void;

/** Until the server has sent `retry:`, in milliseconds. */
const DEFAULT_RETRY_MS = 100;

/**
 * An `EventSource` by the words of the HTML standard, so that nothing of our own parser and client is in it. It reconnects
 * after whatever ends a response, and stops for good at an answer that is no stream.
 */
export class PlainEventSource {
  /** Why it has stopped for good. */
  failed: string | undefined;
  lastEventId = "";
  readonly #url: string;
  readonly #onConnecting: (lastEventId: string) => void;
  readonly #onEvent: OnEvent;
  #retryMs = DEFAULT_RETRY_MS;
  #request: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(url: string, onConnecting: (lastEventId: string) => void, onEvent: OnEvent) {
    this.#url = url;
    this.#onConnecting = onConnecting;
    this.#onEvent = onEvent;
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#request?.destroy();
  }

  #connect(): void {
    this.#onConnecting(this.lastEventId);
    const headers = {
      accept: "text/event-stream",
      ...(this.lastEventId === "" ? {} : { "last-event-id": this.lastEventId }),
    };
    const asked = request(this.#url, { headers, agent: false });
    this.#request = asked;
    // "close" follows.
    asked.on("error", () => {});
    asked.on("response", (response) => {
      if (response.statusCode === 200 && response.headers["content-type"]?.startsWith("text/event-stream") === true)
        return this.#read(response);
      this.failed = `it was answered ${response.statusCode}`;
      this.close();
    });
    asked.on("close", () => {
      if (!this.#closed) this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
    });
    asked.end();
  }

  #read(response: IncomingMessage): void {
    const decoder = new TextDecoder();
    let text = "";
    let type = "";
    let data = "";
    let id = this.lastEventId;
    const line = (content: string): void => {
      if (content === "") {
        this.lastEventId = id;
        if (data !== "" && !this.#closed) this.#onEvent(type || "message", data.slice(0, -1), id);
        type = "";
        data = "";
        return;
      }
      const colon = content.indexOf(":");
      const name = colon === -1 ? content : content.slice(0, colon);
      const value = colon === -1 ? "" : content.slice(colon + 1).replace(/^ /, "");
      if (name === "event") type = value;
      else if (name === "data") data += `${value}\n`;
      else if (name === "id" && !value.includes("\0")) id = value;
      else if (name === "retry" && /^[0-9]+$/.test(value)) this.#retryMs = Number(value);
    };
    response.on("error", () => {});
    response.on("data", (bytes: Buffer) => {
      text += decoder.decode(bytes, { stream: true });
      // A CR at the end may be the first half of a line end.
      for (let end; (end = /\r\n|\n|\r(?!$)/.exec(text)) !== null;) {
        const content = text.slice(0, end.index);
        text = text.slice(end.index + end[0].length);
        line(content);
      }
    });
  }
}
