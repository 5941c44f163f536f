/** What a page goes through that its connection must know of. */
export interface PageHandler {
  /** The page is looked at again, or online again: timers may have slept, so look at the clock. */
  readonly onWake: () => void;
  /** The page is put away: browsers keep it only if it holds no connection. */
  readonly onHide: () => void;
}

/** Follows the page, where there is one; returns how to stop. */
export function followPage({ onWake, onHide }: PageHandler): () => void {
  const page = globalThis as Partial<Pick<typeof globalThis, "document" | "addEventListener" | "removeEventListener">>;
  const { document } = page;
  if (document === undefined || page.addEventListener === undefined) return () => {};
  const onVisible = (): void => {
    if (document.visibilityState === "visible") onWake();
  };
  document.addEventListener("visibilitychange", onVisible);
  addEventListener("pageshow", onWake);
  addEventListener("online", onWake);
  addEventListener("pagehide", onHide);
  return () => {
    document.removeEventListener("visibilitychange", onVisible);
    removeEventListener("pageshow", onWake);
    removeEventListener("online", onWake);
    removeEventListener("pagehide", onHide);
  };
}
