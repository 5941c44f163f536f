import { allCases, localSubject, runCases } from "@statestream/conformance";
import { expect, it } from "vitest";
import { allBroken } from "./broken/all.ts";
import { rightMount } from "./broken/broken.ts";

// Every broken server against every case takes minutes, so this is no part of the tests.
it("the table of broken servers and the cases that catch them", async () => {
  const lines = ["| broken server | caught by | cases |", "|---|---|---|"];
  const catches = new Map(allCases.map(({ id }) => [id, 0]));
  const missed: string[] = [];
  for (const { name, mount = rightMount, create, caughtBy } of allBroken) {
    const results = await runCases(localSubject(mount, create), allCases, { patienceMs: 2000, concurrency: 16 });
    const failed = results.filter(({ outcome }) => outcome === "failed").map(({ id }) => id);
    for (const id of failed) catches.set(id, (catches.get(id) ?? 0) + 1);
    missed.push(...caughtBy.filter((id) => !failed.includes(id)).map((id) => `${name}: ${id}`));
    const named = failed.map((id) => (caughtBy.includes(id) ? `**${id}**` : id));
    lines.push(`| ${name} | ${failed.length} | ${named.join(" ")} |`);
    process.stderr.write(`${name}: ${failed.length}\n`);
  }
  lines.push("", "| case | broken servers it catches |", "|---|---|");
  for (const [id, count] of catches) lines.push(`| ${id} | ${count} |`);
  process.stdout.write(`${lines.join("\n")}\n`);
  expect(missed).toEqual([]);
});
