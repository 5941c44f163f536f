export type { Checkpoint, Engine, Entry, Message, Position } from "./engine.ts";
