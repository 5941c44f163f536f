import type { ServerResponse } from "node:http";
import type { Connection } from "@statestream/core";
import { writeConnection } from "@statestream/core/node";
import { watchForDirect } from "./direct.ts";

/**
 * A response body that opens its connection when it is first read. It queues nothing: what is not read stays in the
 * stream's log. Where the body's bytes reach the Node response `outgoing` as they are, the rest is written there.
 */
export function bodyOf(open: () => Connection, outgoing: ServerResponse | undefined): ReadableStream<Uint8Array> {
  let connection: Connection | undefined;
  let direct: Promise<boolean> | undefined;
  let left = false;

  const body: ReadableStream<Uint8Array> = new ReadableStream(
    {
      async pull(controller) {
        const end = (): void => {
          if (!left) controller.close();
        };
        if (connection === undefined) {
          connection = start();
          const first = connection.read();
          if (first === undefined) return end();
          direct = arrives?.(first).then((intact) => {
            if (intact) writeConnection(outgoing as ServerResponse, connection as Connection, end);
            return intact;
          });
          return controller.enqueue(first);
        }
        // Then this read is answered by the end.
        if (await direct) return;
        for (;;) {
          const bytes = connection.read();
          if (bytes !== undefined) {
            if (left) return;
            // Closed before this is taken: the client stalls, and whoever wraps the body waits for it.
            connection.onReadable(() => {
              if (connection?.closed && !left) outgoing?.destroy();
            });
            return controller.enqueue(bytes);
          }
          if (connection.closed) return end();
          await readable(connection);
        }
      },
      cancel() {
        left = true;
        connection?.close();
      },
    },
    { highWaterMark: 0 },
  );
  const arrives = outgoing && watchForDirect(body, outgoing);

  const start = (): Connection => {
    const opened = open();
    // A clone of the response that nobody reads would keep the body from being cancelled.
    outgoing?.once("close", () => opened.close());
    return opened;
  };

  return body;
}

function readable(connection: Connection): Promise<void> {
  return new Promise((resolve) => {
    connection.onReadable(resolve);
  });
}
