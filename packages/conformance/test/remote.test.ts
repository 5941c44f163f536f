import { listenFetch, localSubject, remoteSubject, type Subject } from "@statestream/conformance";
import { controlHandler } from "@statestream/conformance/control";
import { describeSubject } from "@statestream/conformance/vitest";
import { afterAll, beforeAll } from "vitest";
import { rightMount } from "./broken/broken.ts";

let subject: Subject;
let stop: () => unknown;

beforeAll(async () => {
  const control = await listenFetch(controlHandler(localSubject(rightMount)));
  subject = remoteSubject(control.url);
  stop = () => control.close();
});
afterAll(() => stop());

// A subject must be known before its server is up.
describeSubject("over the control API", { inProcess: false, open: (setup) => subject.open(setup) });
