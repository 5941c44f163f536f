export { setHead, writeAnswer, writeBody, writeConnection, writeStateStream } from "./http/node-response.ts";
