import type { JSX } from "preact";
import { useState } from "preact/hooks";

/** How long it says that it has copied, in milliseconds. */
const SHOWN_MS = 1500;

/** Copies a value as JSON. */
export function CopyButton({ label, text }: { label: string; text: () => unknown }): JSX.Element {
  const [outcome, setOutcome] = useState("");
  const copy = async (): Promise<void> => {
    const json = JSON.stringify(text(), undefined, 2) ?? "undefined";
    try {
      // Absent where the page is not served securely.
      await navigator.clipboard.writeText(json);
      setOutcome("Copied");
    } catch {
      setOutcome(copyBySelection(json) ? "Copied" : "Not allowed");
    }
    setTimeout(() => setOutcome(""), SHOWN_MS);
  };
  return (
    <button type="button" onClick={() => void copy()}>
      <span aria-live="polite">{outcome || label}</span>
    </button>
  );
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  try {
    // Deprecated, and the only way on a page that is not served securely.
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
  }
}
