/**
 * How many arrays and objects a slice's value may nest inside one another: what recursion takes on every platform, with
 * much of the stack to spare, and what common JSON parsers accept. PROTOCOL.md, "Limits".
 */
export const MAX_DEPTH = 512;
