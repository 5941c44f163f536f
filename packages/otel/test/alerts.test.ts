import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const hasPromtool = spawnSync("promtool", ["--version"]).error === undefined;

test.skipIf(!hasPromtool)(
  "Prometheus evaluates the alert rules: each fires for its fault and for nothing less",
  async () => {
    const rules = fileURLToPath(new URL("alerts.yaml", import.meta.url));
    const { stdout } = await promisify(execFile)("promtool", ["test", "rules", rules]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toContain("SUCCESS");
  },
);
