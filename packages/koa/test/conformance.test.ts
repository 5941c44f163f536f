import { listen } from "@statestream/conformance";
import { describeAdapter } from "@statestream/conformance/vitest";
import { streamState } from "@statestream/koa";
import Koa from "koa";
import Koa2 from "koa2";

describeAdapter("koa 3", (stream, options) =>
  listen(new Koa().use((ctx) => streamState(ctx, stream, options)).callback()),
);

describeAdapter("koa 2", (stream, options) =>
  listen(new Koa2().use((ctx) => streamState(ctx, stream, options)).callback()),
);
