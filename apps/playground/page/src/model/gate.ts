/** A tap between the network and the client: while it is closed, nothing is taken from the connection. */
export interface Gate {
  readonly isOpen: boolean;
  open(): void;
  close(): void;
  /** The same response, with its body behind the gate. */
  pass(response: Response): Response;
}

/** A client that hears nothing takes the connection for dead. It is the page that holds bytes back, so the page says so. */
const KEEP_ALIVE_MS = 4000;
/** Ignored by every reader of an event stream, between two lines. */
const COMMENT = new TextEncoder().encode(":\n");
const LINE_FEED = 10;

export function createGate(): Gate {
  let opened: Promise<void> | undefined;
  let release = (): void => {};

  return {
    get isOpen() {
      return opened === undefined;
    },
    open() {
      release();
      opened = undefined;
    },
    close() {
      opened ??= new Promise((resolve) => {
        release = resolve;
      });
    },
    pass(response) {
      if (response.body === null) return response;
      const reader = response.body.getReader();
      let isLineStart = true;
      let cancelled = false;
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
        {
          async pull(controller) {
            const { done, value } = await reader.read();
            // After the read: what was on its way when the gate closed waits too, and nobody reads on meanwhile.
            while (opened !== undefined && !cancelled) {
              await Promise.race([opened, new Promise((resolve) => setTimeout(resolve, KEEP_ALIVE_MS))]);
              if (opened !== undefined && isLineStart && !cancelled) controller.enqueue(COMMENT);
            }
            if (cancelled) return;
            isLineStart = value?.at(-1) === LINE_FEED;
            if (done) controller.close();
            else controller.enqueue(value);
          },
          cancel(reason) {
            cancelled = true;
            return reader.cancel(reason);
          },
        },
        // No buffer of our own: the sender is to notice.
        { highWaterMark: 0 },
      );
      const { status, statusText, headers } = response;
      return new Response(body, { status, statusText, headers });
    },
  };
}
