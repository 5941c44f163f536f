import type { StateClient } from "@statestream/client";
import { hydrate, render } from "solid-js/web";
import type { Counts, Part } from "../../../client/test/front-end/suite.ts";
import { Page } from "./page.tsx";

/** Renders into an element, or hydrates what it contains. Returns how to unmount. */
export function show(client: StateClient<Counts>, parts: readonly Part[], element: HTMLElement): () => void {
  return (element.hasChildNodes() ? hydrate : render)(() => <Page client={client} parts={parts} />, element);
}
