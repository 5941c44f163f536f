import { type Fault, leader, type Occasion, someNode } from "./fault.ts";
import { newerBuild } from "./mutants.ts";
import type { LinkMode } from "./proxy.ts";
import { type LinkName, NODES, pause, WRITERS } from "./world.ts";

// What happens to nodes and writers, and to their links.

export function linkFault(mode: LinkMode, name: (occasion: Occasion) => Promise<LinkName> | LinkName): Fault {
  return async (occasion) => {
    const { world, holdMs, begins } = occasion;
    const link = await name(occasion);
    begins(link);
    await world.tellLink({ do: "mode", name: link, mode });
    await pause(holdMs);
    await world.tellLink({ do: "mode", name: link, mode: "through" });
  };
}

export const nodeKill: Fault = async (occasion) => {
  const name = someNode(occasion);
  occasion.begins(name);
  await occasion.world.kill(name);
  await pause(occasion.holdMs);
  await occasion.world.startNode(name);
};

export const nodePause: Fault = async (occasion) => {
  const name = someNode(occasion);
  occasion.begins(name);
  occasion.world.stop(name);
  await pause(occasion.holdMs);
  occasion.world.continue(name);
};

export const nodeDelay: Fault = async (occasion) => {
  const { world, holdMs } = occasion;
  const name = someNode(occasion);
  occasion.begins(name);
  await world.tellLink({ do: "delay", name, ms: 150 });
  await pause(holdMs);
  await world.tellLink({ do: "delay", name, ms: 0 });
};

/** Every node in turn, and both writers, one of which comes back as the version to come. */
export const rollingRestart: Fault = async ({ world, begins }) => {
  begins(...NODES, ...WRITERS);
  for (const name of NODES) {
    await world.drain(name);
    await world.startNode(name, name === "node-2" ? newerBuild : undefined);
    // HAProxy must have seen it before the next one goes.
    await pause(700);
  }
  const before = await world.leader();
  const other = before === "writer-1" ? "writer-2" : "writer-1";
  await world.kill(other);
  world.startWriter(other, newerBuild);
  await pause(1000);
  await world.tellWriter(before, { do: "hand-over" });
};

export const writerKill: Fault = async (occasion) => {
  const { world, holdMs, begins } = occasion;
  const name = await leader(occasion);
  begins(name);
  await world.kill(name);
  await pause(holdMs);
  world.startWriter(name);
};

export const writerPause: Fault = async (occasion) => {
  const { world, holdMs, begins } = occasion;
  const name = await leader(occasion);
  begins(name);
  world.stop(name);
  await pause(holdMs);
  world.continue(name);
};

export const writerHandOver: Fault = async (occasion) => {
  const name = await leader(occasion);
  occasion.begins(name);
  await occasion.world.tellWriter(name, { do: "hand-over" });
};
