import assert from "node:assert/strict";
import type { Json } from "@statestream/core";
import type { Case } from "../case.ts";
import { setting, type State } from "../subject.ts";
import type { Trial } from "../trial.ts";
import { updateOf } from "./updates.ts";

/** Texts that break code which builds lines, paths or JSON by hand. */
const AWKWARD: readonly string[] = [
  "\n",
  "\r",
  "\r\n",
  "\n\nevent: state.end\ndata: {}\n\n",
  "\0",
  "\u2028\u2029",
  "\u{feff}",
  "\ud800",
  "\udc00 alone",
  "\u{1f600}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}",
  "é☃",
  "\\ \" ' ` </script>",
  "~ ~0 ~1 / a/b",
  " leading and trailing ",
  "data: x",
  ": comment",
  "",
  "0",
  "-",
];

/** JSON text as a peer would parse it: names such as `__proto__` are members. */
function parsed(text: string): Json {
  return JSON.parse(text) as Json;
}

/** Changes from one state to another: both must arrive, in a snapshot and as changes. */
async function arrives(trial: Trial, slice: string, values: readonly Json[]): Promise<void> {
  const [first = null, ...others] = values;
  const state = (value: Json): State => Object.fromEntries([[slice, value]]);
  const server = await trial.open({ state: state(first) });
  const probe = await trial.follow(server);
  await probe.reaches(state(first));
  for (const value of others) {
    await server.commit(setting(slice, value));
    await probe.reaches(state(value));
  }
  await (await trial.follow(server)).reaches(state(others.at(-1) ?? first));
}

export const textCases: readonly Case[] = [
  {
    id: "text-values",
    name: "MUST carry any text in values",
    async run(trial) {
      const padding = "p".repeat(600);
      await arrives(trial, "text", [...AWKWARD]);
      await arrives(
        trial,
        "text",
        AWKWARD.map((text) => ({ padding, text, list: [text] })),
      );
    },
  },
  {
    id: "text-members",
    name: "MUST carry any text in member names, in patches too",
    async run(trial) {
      const padding = "p".repeat(5000);
      const value = (content: Json): Json => ({
        padding,
        ...Object.fromEntries(AWKWARD.map((name) => [name, content])),
      });
      const steps = AWKWARD.map((name): Json => ({ padding, [name]: { [name]: 1 } }));
      await arrives(trial, "slice", [value(0), value(1), value({ "": 1 }), ...steps]);
    },
  },
  {
    id: "text-slice-names",
    name: "MUST carry any text in slice names, and find a slice by it",
    async run(trial) {
      for (const name of AWKWARD) {
        const server = await trial.open({ state: { other: 0, [name]: 1 } });
        const probe = await trial.follow(server);
        await server.commit(setting(name, 2));
        await probe.reaches({ other: 0, [name]: 2 });
        // A URL cannot carry a lone surrogate.
        if (Buffer.from(name).toString() !== name) continue;
        const narrowed = await trial.follow(server, { query: `slices=${encodeURIComponent(name)}` });
        await narrowed.reaches({ [name]: 2 });
      }
    },
  },
  {
    id: "hostile-members",
    name: "MUST carry members named like those of a prototype, as plain members",
    async run(trial) {
      const names = [
        "__proto__",
        "constructor",
        "prototype",
        "toString",
        "hasOwnProperty",
        "length",
        "__defineGetter__",
      ];
      const padding = "p".repeat(3000);
      const steps = names.flatMap((name): Json[] => [
        parsed(`{"padding":"${padding}","${name}":1}`),
        parsed(`{"padding":"${padding}","${name}":{"polluted":true}}`),
        parsed(`{"padding":"${padding}","deep":{"${name}":{"prototype":{"a":1}}}}`),
        parsed(`{"padding":"${padding}","deep":{"${name}":{"prototype":{"a":2}}}}`),
        parsed(`{"padding":"${padding}","deep":{}}`),
      ]);
      await arrives(trial, "slice", [{ padding }, ...steps]);
      assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
    },
  },
  {
    id: "hostile-operations",
    name: "MUST send a value rather than an operation that names a prototype",
    async run(trial) {
      const padding = "p".repeat(3000);
      const changes = [
        [`{"a":1}`, `{"a":1,"__proto__":2}`],
        [`{"__proto__":{"a":1}}`, `{"__proto__":{"a":2}}`],
        [`{"constructor":{"prototype":{"a":1}}}`, `{"constructor":{"prototype":{"a":2}}}`],
      ] as const;
      for (const texts of changes) {
        const [before = null, after = null] = texts.map((text) => parsed(`{"padding":"${padding}","slice":${text}}`));
        const server = await trial.open({ state: { slice: before } });
        const probe = await trial.follow(server);
        await server.commit(setting("slice", after));
        await probe.reaches({ slice: after });
        assert.ok(Object.hasOwn(updateOf(probe, 0), "value"), `${texts[1]} must come as a value`);
      }
    },
  },
];
