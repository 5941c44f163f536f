import { type NodeName, NODES, type World, type WriterName } from "./world.ts";

/** The parameters of a fault: where, which of the possible targets (0 to 1), and how long it stays. */
export interface Occasion {
  readonly world: World;
  readonly pick: number;
  readonly holdMs: number;
  /** Writes down that it begins, and whom it hits. */
  readonly begins: (...targets: string[]) => void;
}

/** Makes the fault, and heals it: when it resolves, everything runs and is connected again. */
export type Fault = (occasion: Occasion) => Promise<void>;

export function choose<T>(values: readonly T[], pick: number): T {
  return values[Math.floor(pick * values.length)] as T;
}

export const someNode = ({ pick }: Occasion): NodeName => choose(NODES, pick);
export const leader = ({ world }: Occasion): Promise<WriterName> => world.leader();
