import type { Checkpoint, Commit, InstallRequest, Position, PublishRequest } from "../../src/cluster/engine.ts";

export function at(epoch: string, seq: number): Position {
  return { epoch, seq };
}

/** The entry of events `first` to `last`, made by `epoch` after one of its own. */
export function entry(first: number, details: Partial<Commit> = {}): Commit {
  const { epoch = "A", previous = epoch, last = first } = details;
  return { epoch, previous, first, last, body: `${epoch} makes ${first} to ${last}`, ...details };
}

export function checkpoint(seq: number, epoch = "A"): Checkpoint {
  return { position: at(epoch, seq), body: `the state at ${seq} of ${epoch}` };
}

/** A publish of the owner `writer` that keeps all entries. */
export function publishing(entries: Commit[], details: Partial<PublishRequest> = {}): PublishRequest {
  return {
    owner: "writer",
    entries,
    checkpoint: undefined,
    keepFrom: 0,
    leaseMs: 5000,
    check: true,
    answers: [],
    answerMs: 1000,
    ...details,
  };
}

/** A stream of the owner `writer` whose only state is the one at `seq`. */
export function installing(seq: number, details: Partial<InstallRequest> = {}): InstallRequest {
  return { owner: "writer", checkpoint: checkpoint(seq), entries: [], leaseMs: 5000, force: false, ...details };
}
