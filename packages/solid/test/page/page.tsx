import type { StateClient } from "@statestream/client";
import { For, type JSX } from "solid-js";
import type { Counts, Part } from "../../../client/test/front-end/suite.ts";
import { useStateStream, useStreamStatus } from "../../src/index.ts";

function Shown(props: { client: StateClient<Counts>; part: Part }): JSX.Element {
  const selected = props.part.selects.map((select) => useStateStream(props.client, select));
  const render = (): string => {
    const values = selected.map((value) => value());
    props.part.onRender(values);
    return values.join(" ");
  };
  return <p>{render()}</p>;
}

export function Page(props: { client: StateClient<Counts>; parts: readonly Part[] }): JSX.Element {
  const status = useStreamStatus(props.client);
  return (
    <main>
      <For each={props.parts}>{(part) => <Shown client={props.client} part={part} />}</For>
      <p>{status().status}</p>
    </main>
  );
}
