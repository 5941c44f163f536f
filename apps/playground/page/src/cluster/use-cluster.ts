import { useEffect, useState } from "preact/hooks";
import type { ClusterStatus } from "../../../src/cluster/status.ts";

const POLL_MS = 500;

/**
 * What the nodes know of each other. Polled from any node that answers, since the stream itself brings nothing
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
        // That node is gone; the next request goes to another.
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
