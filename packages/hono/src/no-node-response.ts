/** Stands in for `node-response.ts` on runtimes without Node's responses, so that nothing of Node is loaded there. */
export const nodeBody = (): undefined => undefined;
