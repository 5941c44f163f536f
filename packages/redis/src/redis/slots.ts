/** The slots of a cluster in this many parts of equal size. A server that has a sixteenth of the slots in a row has at least one part. */
const PARTS = 16;

const SLOTS_OF_PART = 16_384 / PARTS;

const encoder = new TextEncoder();

/** The part that a hash tag's slot is in. */
export function partOf(tag: string): number {
  return Math.floor(slotOf(tag) / SLOTS_OF_PART);
}

/** The slot of a key: that of its hash tag. */
export function slotOfKey(key: string): number {
  return slotOf(/\{(.+?)\}/.exec(key)?.[1] ?? key);
}

/** The slot of a hash tag. */
function slotOf(tag: string): number {
  return crc16(encoder.encode(tag)) % 16_384;
}

/** A hash tag for each part. */
export function tagsOfParts(): string[] {
  const tags: string[] = [];
  for (let n = 0; Object.keys(tags).length < PARTS; n++) tags[partOf(String(n))] ??= String(n);
  return tags;
}

/** CRC-16/XMODEM, by which Redis finds the slot of a key. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
  }
  return crc;
}
