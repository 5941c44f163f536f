export { streamState } from "./http/fetch-response.ts";
export { webBody } from "./http/web-body.ts";
export type { ByteSource } from "./http/web-body.ts";
