import { connect } from "node:net";

/** A bare client: what it was sent so far, and how to wait for more. */
export interface Wire {
  readonly text: string;
  send(request: string): void;
  until(holds: (text: string) => boolean): Promise<string>;
  pause(): void;
  resume(): void;
  close(): void;
}

export function request(headers = "", version = "1.1"): string {
  return `GET /events HTTP/${version}\r\nHost: localhost\r\n${headers}\r\n`;
}

/** Opens a socket to the server and sends a request. */
export function open(url: string, first: string): Wire {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  let text = "";
  socket.on("data", (bytes: Buffer) => (text += bytes.toString()));
  socket.on("error", () => {});
  socket.write(first);
  return {
    get text() {
      return text;
    },
    send: (more) => void socket.write(more),
    async until(holds) {
      for (let turn = 0; turn < 1000 && !holds(text); turn++) await new Promise((resolve) => setTimeout(resolve, 5));
      if (!holds(text)) throw new Error(`It never came; there is: ${JSON.stringify(text.slice(-400))}`);
      return text;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  };
}

/** The chunks of a body, as they were framed; fails where the framing does not hold. */
export function chunksOf(response: string): string[] {
  let rest = response.slice(response.indexOf("\r\n\r\n") + 4);
  const chunks: string[] = [];
  while (rest !== "") {
    const [line = ""] = rest.split("\r\n", 1);
    const size = Number.parseInt(line, 16);
    const chunk = rest.slice(line.length + 2, line.length + 2 + size);
    const after = rest.slice(line.length + 2 + size);
    if (!/^[\da-f]+$/.test(line) || !after.startsWith("\r\n")) throw new Error(`No chunk: ${JSON.stringify(rest)}`);
    if (size === 0) return chunks;
    chunks.push(chunk);
    rest = after.slice(2);
  }
  return chunks;
}
