import { register } from "node:module";

// Loaded before a process' own code: `node --import register-transform.js?edits=...`.
const edits = new URL(import.meta.url).searchParams.get("edits");
register("./transform-hooks.js", { parentURL: import.meta.url, data: edits });
