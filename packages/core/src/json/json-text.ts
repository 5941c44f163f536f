const encoder = new TextEncoder();

/** Texts are encoded here to count their bytes, since allocating an array for each takes longer than filling it. */
const scratch = new Uint8Array(16 * 1024);

export function utf8Length(text: string): number {
  let bytes = 0;
  let rest = text;
  for (;;) {
    const { read, written } = encoder.encodeInto(rest, scratch);
    bytes += written;
    if (read === rest.length) return bytes;
    rest = rest.slice(read);
  }
}
