export { writeAnswer, writeConnection, writeStateStream } from "./http/node-response.ts";
