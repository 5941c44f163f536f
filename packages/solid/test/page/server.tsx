import type { StateClient } from "@statestream/client";
import { generateHydrationScript, renderToString } from "solid-js/web";
import type { Counts, Part } from "../../../client/test/front-end/suite.ts";
import { Page } from "./page.tsx";

export function html(client: StateClient<Counts>, parts: readonly Part[]): string {
  return renderToString(() => <Page client={client} parts={parts} />);
}

/** What a page must run before it hydrates. */
export const script = generateHydrationScript().replace(/^<script>|<\/script>.*$/g, "");
