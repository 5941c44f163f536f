import { render } from "preact";
import { createRecorder, type InspectedClient, type Recorder } from "./model/recorder.ts";
import { STYLE } from "./view/style/style.ts";
import { Shell } from "./view/shell.tsx";

export interface DevtoolsOptions {
  /** Where the panel goes: it fills this element. Default: docked to the bottom of the page, behind a button. */
  parent?: Element;
}

/** The mounted panel. */
export interface Devtools {
  /** Removes the panel and stops recording. The clients keep working. */
  readonly unmount: () => void;
}

/**
 * Shows what happens to state clients in a panel: events with their patches, slices, the state and its recent history,
 * connections with reasons, bytes. It records from the moment it is mounted. Its markup and style live in a shadow root, so
 * the page's style and its own do not meet.
 *
 * Load it in development only, so that production bundles do not contain it:
 *
 * @example
 * if (import.meta.env.DEV) void import("@statestream/devtools").then(({ mountDevtools }) => mountDevtools(client));
 *
 * @example
 * mountDevtools({ board, chat }); // several clients, by the names to show
 */
export function mountDevtools(
  clients: InspectedClient | Readonly<Record<string, InspectedClient>>,
  options: DevtoolsOptions = {},
): Devtools {
  const host = document.createElement("statestream-devtools");
  const root = host.attachShadow({ mode: "open" });
  // Unlike a style element, this is allowed by every content security policy.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  let frame: number | undefined;
  const show = (): void => {
    frame = undefined;
    render(
      <div class="root">
        <Shell recorders={recorders} isDocked={options.parent === undefined} />
      </div>,
      root,
    );
  };
  // However much arrives, the panel is drawn at most once a frame; and not at all while the page is hidden.
  const onChange = (): void => void (frame ??= requestAnimationFrame(show));

  const named = isClient(clients) ? { client: clients } : clients;
  const recorders: ReadonlyMap<string, Recorder> = new Map(
    Object.entries(named).map(([name, client]) => [name, createRecorder(client, onChange)]),
  );
  (options.parent ?? document.body).append(host);
  show();

  return {
    unmount() {
      if (frame !== undefined) cancelAnimationFrame(frame);
      for (const recorder of recorders.values()) recorder.stop();
      render(null, root);
      host.remove();
    },
  };
}

function isClient(clients: InspectedClient | Readonly<Record<string, InspectedClient>>): clients is InspectedClient {
  return typeof clients["getState"] === "function";
}
