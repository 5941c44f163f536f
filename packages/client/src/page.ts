/**
 * Follows the page, where there is one, until the signal is aborted.
 *
 * @param onWake the page is visible or online again: timers may have been suspended, so check the clock
 * @param onHide the page goes into the back/forward cache: browsers keep it only if it has no open connection
 */
export function followPage(signal: AbortSignal, onWake: () => void, onHide: () => void): void {
  const { document } = globalThis as Partial<typeof globalThis>;
  if (document === undefined) return;
  const onVisible = (): void => {
    if (document.visibilityState === "visible") onWake();
  };
  document.addEventListener("visibilitychange", onVisible, { signal });
  addEventListener("pageshow", onWake, { signal });
  addEventListener("online", onWake, { signal });
  addEventListener("pagehide", onHide, { signal });
}
