import type { Server, Setup, Subject } from "./subject.ts";

/** What a control server answers to a setup. */
interface Opened {
  /** Where the stream answers. */
  readonly url: string;
  /** Where this server is controlled. */
  readonly control: string;
}

/** A subject in another process, in any language: driven by the HTTP API of CONTROL.md. */
export function remoteSubject(controlUrl: string): Subject {
  return {
    inProcess: false,
    async open(setup: Setup) {
      const { url, control } = (await call("POST", controlUrl, setup)) as Opened;
      return serverAt(url, control);
    },
  };
}

function serverAt(url: string, control: string): Server {
  return {
    url,
    process: undefined,
    async commit(...commits) {
      await call("POST", `${control}/commit`, commits);
    },
    async offer(offer) {
      await call("POST", `${control}/offer`, offer);
    },
    async close(ending = {}) {
      await call("POST", `${control}/close`, ending);
    },
    async revoke() {
      await call("POST", `${control}/revoke`);
    },
    async connections() {
      return (await call("GET", `${control}/connections`)) as number;
    },
    async dispose() {
      await call("DELETE", control);
    },
  };
}

async function call(method: string, url: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method,
    // A socket that is kept may be closed by the server in the moment of the next call, which then fails.
    headers: { connection: "close", ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`The control server answered ${response.status} to ${method} ${url}: ${text}`);
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}
