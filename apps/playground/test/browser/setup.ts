import { existsSync } from "node:fs";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the browser is; empty where there is none. */
    chromium: string;
  }
}

/** Playwright's own download is never used: the machine's browser is good enough, and there already in CI. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export default function setup(project: TestProject): void {
  const own = process.env["CHROMIUM_PATH"];
  const chromium = (own === undefined ? PLACES : [own]).find((path) => existsSync(path)) ?? "";
  if (chromium === "") {
    console.log("No Chromium here (apt-get install chromium, or CHROMIUM_PATH): the browser tests are skipped.");
  }
  project.provide("chromium", chromium);
}
