import { BASE_STYLE } from "./base.ts";
import { EVENTS_STYLE } from "./events.ts";
import { POSITION_STYLE } from "./position.ts";
import { STATE_STYLE } from "./state.ts";

/** The panel's style. A string: a shadow root takes no style of the page, and not every bundler reads style sheets. */
export const STYLE: string = BASE_STYLE + POSITION_STYLE + EVENTS_STYLE + STATE_STYLE;
