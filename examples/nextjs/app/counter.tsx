"use client";

import { useStateStream, useStreamStatus } from "@statestream/react";
import { useState } from "react";
import { clientOf } from "../lib/client";
import type { Initial } from "../lib/stream";

export function Counter({ initial }: { initial: Initial }) {
  const [client] = useState(() => clientOf(initial));
  const count = useStateStream(client, (state) => state.count);
  const { status } = useStreamStatus(client);
  return (
    <main>
      <output>{count}</output> <button onClick={() => void fetch("/increment", { method: "POST" })}>Increment</button>
      <p role="status">{status}</p>
    </main>
  );
}
