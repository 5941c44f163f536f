declare module "*.svelte" {
  import type { Component } from "svelte";
  import type { StateClient } from "@statestream/client";
  import type { Counts, Part } from "../../../client/test/front-end/suite.ts";

  const component: Component<{ client: StateClient<Counts>; parts: readonly Part[] }>;
  export default component;
}
