export { causeEnhancer } from "./state/redux.ts";
export type { CauseEnhancerOptions } from "./state/redux.ts";
