import type { Connection, StateStream } from "@statestream/core";

/** Connections in this process that take all they are given: sockets would cost every contender the same. */
export class Readers {
  readonly #connections: Connection[] = [];
  /** Frames that were taken. */
  taken = 0;

  join(stream: StateStream, count: number): void {
    for (let index = 0; index < count; index++) {
      const connection = stream.connect();
      const read = (): void => {
        while (connection.read() !== undefined) this.taken++;
      };
      connection.onReadable(read);
      read();
      this.#connections.push(connection);
    }
  }

  /** Microseconds of this process's CPU until `count` connections have taken what `change` made. */
  async time(change: () => void, count: number): Promise<number> {
    const target = this.taken + count;
    const start = process.cpuUsage();
    change();
    while (this.taken < target) await new Promise((resolve) => setImmediate(resolve));
    const { user, system } = process.cpuUsage(start);
    return user + system;
  }

  leave(): void {
    for (const connection of this.#connections) connection.close();
  }
}
