// The pages of the examples, in the Chromium of this machine.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

const WAIT_MS = 10_000;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];

/**
 * Calls `use` with a function that opens a tab, which reaches nothing but this machine. Throws where a tab complains, other than
 * by a text that has one of `expected` in it, or requests something from elsewhere.
 */
export async function inChromium(name, use, expected = []) {
  const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    console.log(`${name}: no Chromium here (CHROMIUM_PATH), its page is not opened`);
    return;
  }
  const { chromium } = createRequire(new URL("../apps/playground/package.json", import.meta.url))("playwright-core");
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const complaints = [];
  const complain = (text) => {
    if (!expected.some((part) => text.includes(part))) complaints.push(text);
  };
  try {
    const context = await browser.newContext();
    context.setDefaultTimeout(WAIT_MS);
    context.on("weberror", (error) => complain(String(error.error())));
    context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complain(message.text());
    });
    await context.route(
      ({ hostname }) => hostname !== "127.0.0.1",
      (route) => {
        complain(`It requests ${route.request().url()}`);
        return route.abort();
      },
    );
    await use(() => context.newPage());
    if (complaints.length > 0) throw new Error(`The page complained: ${complaints.join("\n")}`);
  } catch (error) {
    throw new Error([error.message, ...complaints].join("\n"), { cause: error });
  } finally {
    await browser.close();
  }
}
