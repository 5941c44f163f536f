import { defineConfig } from "vitest/config";
import root from "../../vitest.config.ts";

/** For `pnpm --filter @statestream/conformance table`. */
export default defineConfig({
  resolve: root.resolve ?? {},
  test: { include: ["test/table.ts"], testTimeout: 0 },
});
