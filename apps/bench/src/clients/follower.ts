const BASE = Buffer.from('"base":');
const REASON = Buffer.from('"reason":"');
const SEQ = Buffer.from('"seq":');
const COMMA = 44;
const LF = 10;

/** More than the longest stretch that is looked at at once: from a snapshot's reason to the end of its seq. */
const CARRY = 64;

/**
 * Follows one client's stream by scanning its bytes for the numbers of PROTOCOL.md, parsing nothing: each update must
 * build on the one before, so that a client whose chain has no gap and ends at the server's seq has received everything.
 * Costs a fraction of what the server pays to send.
 */
export class Follower {
  /** The seq reached; -1 before the first snapshot. */
  seq: number;
  updates = 0;
  snapshots = 0;
  /** Updates that did not build on the one before. */
  gaps = 0;
  readonly #onUpdate: ((seq: number) => void) | undefined;
  #carry: Buffer | undefined;

  /** Calls `onUpdate` with the seq of each update. Starts at `seq` where the server sends no snapshot. */
  constructor(onUpdate?: (seq: number) => void, seq = -1) {
    this.#onUpdate = onUpdate;
    this.seq = seq;
  }

  take(body: Buffer): void {
    const bytes = this.#carry === undefined ? body : Buffer.concat([this.#carry, body]);
    this.#carry = undefined;
    let at = 0;
    let reason = bytes.indexOf(REASON);
    for (;;) {
      const base = bytes.indexOf(BASE, at);
      while (reason >= 0 && (base < 0 || reason < base)) {
        const end = this.#snapshot(bytes, reason);
        if (end < 0) return this.#keep(bytes, reason);
        at = end;
        reason = bytes.indexOf(REASON, end);
      }
      if (base < 0) break;
      const end = bytes.indexOf(COMMA, base);
      if (end < 0) return this.#keep(bytes, base);
      this.#update(numberAt(bytes, base + BASE.length, end));
      at = end;
    }
    // A number may have been cut in two; what ends a line is whole.
    if (bytes.at(-1) !== LF) this.#keep(bytes, Math.max(at, bytes.length - CARRY));
  }

  #update(base: number): void {
    if (base === this.seq) this.seq = base + 1;
    else this.gaps++;
    this.updates++;
    this.#onUpdate?.(base + 1);
  }

  /** Gives where the seq of the snapshot ends; -1 if that is still to come. */
  #snapshot(bytes: Buffer, reason: number): number {
    const seq = bytes.indexOf(SEQ, reason);
    const within = seq >= 0 && seq - reason < CARRY;
    // The end of a stream has a reason too, and no seq.
    if (!within) return bytes.length - reason < CARRY && bytes.at(-1) !== LF ? -1 : reason + REASON.length;
    const end = bytes.indexOf(COMMA, seq);
    if (end < 0) return -1;
    this.seq = numberAt(bytes, seq + SEQ.length, end);
    this.snapshots++;
    return end;
  }

  /** A copy: the bytes are those of a buffer that is read into again. */
  #keep(bytes: Buffer, from: number): void {
    if (from < bytes.length) this.#carry = Buffer.from(bytes.subarray(from));
  }
}

function numberAt(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at] as number) - 48;
  return value;
}
