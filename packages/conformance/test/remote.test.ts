import { localSubject, remoteSubject, type Subject } from "@statestream/conformance";
import { describeSubject } from "@statestream/conformance/vitest";
import { afterAll, beforeAll } from "vitest";
import { rightMount } from "./broken/broken.ts";
import { controlServer } from "./support/control-server.ts";

let subject: Subject;
let stop: () => unknown;

beforeAll(async () => {
  const control = await controlServer(localSubject(rightMount));
  subject = remoteSubject(control.url);
  stop = () => control.close();
});
afterAll(() => stop());

// A subject must be known before its server is up.
describeSubject("over the control API", { inProcess: false, open: (setup) => subject.open(setup) });
