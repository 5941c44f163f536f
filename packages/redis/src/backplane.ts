import type { EndReason, OwnStateOptions, SourceOptions, StateStreamError, StateStreamOptions } from "@statestream/core";
import { StateStreamError as BackplaneError } from "@statestream/core";
import { type Clock, systemClock } from "@statestream/core/backplane";
import type { Engine } from "./engine.ts";
import { Registry } from "./registry.ts";
import { KeyedStream, type ServedStream } from "./streams.ts";
import { type OwnStateWriter, type StateWriter, Writer, type WriterHooks, type WriterOptions } from "./writer.ts";
