import { type InspectedClient, mountDevtools } from "@statestream/devtools";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** The developer tools that every page can have, as a part of this one. */
export function Inspector({ client }: { client: InspectedClient }): JSX.Element {
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (place.current === null) return undefined;
    const { unmount } = mountDevtools(client, { parent: place.current });
    return unmount;
  }, [client]);
  return <section ref={place} class="inspector" aria-label="Inspector" />;
}
