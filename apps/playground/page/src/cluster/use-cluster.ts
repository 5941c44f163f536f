import { useEffect, useState } from "preact/hooks";
import type { ClusterStatus } from "../../../src/cluster/status.ts";

const POLL_MS = 500;

/**
 * What the nodes know of each other. Asked for again and again, of whichever node answers: the stream itself cannot tell
 * while Redis is away.
 */
export function useCluster(): ClusterStatus | undefined {
  const [cluster, setCluster] = useState<ClusterStatus>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const gone = new AbortController();
    const ask = async (): Promise<void> => {
      try {
        const response = await fetch("/api/cluster", { signal: gone.signal });
        if (response.ok) setCluster((await response.json()) as ClusterStatus);
      } catch {
        // The node that was asked is gone; the next question goes to another.
      }
      if (!gone.signal.aborted) timer = setTimeout(() => void ask(), POLL_MS);
    };
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, []);
  return cluster;
}
