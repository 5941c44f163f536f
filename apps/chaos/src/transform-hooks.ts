import type { InitializeHook, LoadHook } from "node:module";
import type { Edit } from "./transform.ts";

// Module hooks (https://nodejs.org/api/module.html#customization-hooks), which run in a thread of their own.

let edits: readonly Edit[] = [];

export const initialize: InitializeHook<string> = (data) => {
  edits = JSON.parse(data) as readonly Edit[];
};

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  const here = edits.filter(({ file }) => url.endsWith(`/packages/${file}`));
  if (here.length === 0) return loaded;
  let source = Buffer.from(loaded.source as Uint8Array).toString();
  for (const { find, replace } of here) source = source.replace(find, () => replace);
  return { ...loaded, source };
};
