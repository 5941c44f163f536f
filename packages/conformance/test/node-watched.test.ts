import { listen } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { writeStateStream } from "@statestream/core/node";

// With a write of the response's own nothing goes past it, so these are all cases on the other way to write.
describeAdapter("node:http with a watched write", (stream, options) =>
  listen((req, res) => {
    const write = res.write.bind(res) as (...args: unknown[]) => boolean;
    res.write = (...args: unknown[]) => write(...args);
    writeStateStream(req, res, stream, options);
  }),
);
