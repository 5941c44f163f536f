import { Link, type LinkMode } from "./proxy.ts";

// Every proxied link, in a process of its own, so that no other process' work delays them: `node links.js`. Orders come
// from the rig.

export type LinkOrder =
  | { readonly do: "open"; readonly name: string; readonly target: number }
  | { readonly do: "mode"; readonly name: string; readonly mode: LinkMode }
  | { readonly do: "delay"; readonly name: string; readonly ms: number }
  | { readonly do: "retarget"; readonly name: string; readonly target: number };

const links = new Map<string, Link>();

function linkOf(name: string): Link {
  const link = links.get(name);
  if (link === undefined) throw new Error(`There is no link ${name}.`);
  return link;
}

async function obey(order: LinkOrder): Promise<number | undefined> {
  if (order.do === "open") {
    const link = await Link.open(order.target);
    links.set(order.name, link);
    return link.port;
  }
  const link = linkOf(order.name);
  if (order.do === "mode") link.mode = order.mode;
  if (order.do === "delay") link.delayMs = order.ms;
  if (order.do === "retarget") link.retarget(order.target);
  return undefined;
}

process.on("message", ({ call, order }: { call: number; order: LinkOrder }) => {
  void obey(order).then((value) => process.send?.({ call, value }));
});
process.on("disconnect", () => process.exit(0));
