import { parseArguments } from "./arguments.ts";
import { readPages } from "./pages.ts";
import { createPlayground } from "./playground.ts";
import { readReadme } from "./readme.ts";
import { startServer } from "./server.ts";

try {
  const settings = parseArguments(process.argv.slice(2));
  const playground = createPlayground({
    text: readReadme(),
    pages: readPages(),
  });
  const server = await startServer(playground, settings);
  console.log(`Statestream playground on ${settings.framework}: ${server.url}`);
  console.log(`The stream by hand: curl -N ${server.url}/events`);

  const stop = (): void => {
    // A second Ctrl-C finds no listener, and ends the process at once.
    process.removeListener("SIGINT", stop).removeListener("SIGTERM", stop);
    // Nothing else is open then, so the process ends by itself.
    void server.close();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
