export { mountDevtools } from "./mount.tsx";
export type { Devtools, DevtoolsOptions } from "./mount.tsx";
export type { InspectedClient } from "./model/recorder.ts";
