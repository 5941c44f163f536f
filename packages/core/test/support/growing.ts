export { setup as growing } from "./streams.ts";
