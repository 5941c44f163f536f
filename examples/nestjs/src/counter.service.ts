import { type BeforeApplicationShutdown, Injectable } from "@nestjs/common";
import { createStateStream } from "@statestream/core";

@Injectable()
export class CounterService implements BeforeApplicationShutdown {
  readonly stream = createStateStream({ initialState: { count: 0 } });

  increment(): void {
    this.stream.set("count", (count) => count + 1, { type: "increment" });
  }

  /** Open streams would keep the server from closing. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.stream.close({ reason: "draining" });
  }
}
