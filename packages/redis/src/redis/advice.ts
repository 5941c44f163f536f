/** What to do about errors that do not pass by themselves, by how Redis and its clients begin or word them. */
const ADVICE: readonly (readonly [text: RegExp, advice: string])[] = [
  [
    /^NOAUTH|authentication required/i,
    'Redis requires a password: the client that is given as redis must have it, as in createClient({ url: "redis://:password@host:6379" }).',
  ],
  [
    /^WRONGPASS|invalid (username-password|password)/i,
    "Check the user and the password of the client that is given as redis.",
  ],
  [
    /NOPERM|ACL failure|user executing the script/i,
    "Give the Redis user the commands, keys and channels that docs/operations.md lists.",
  ],
  [/^OOM|> 'maxmemory'/, "Redis is out of memory: raise maxmemory, or keep streams for less time with expireMs."],
  [/^MISCONF/, "Redis cannot write to its disk, and refuses changes until it can: see its log."],
  [/^NOREPLICAS/, "Too few replicas are connected for min-replicas-to-write."],
  [/unknown (redis )?command/i, "Redis must be 7.0 or later, or Valkey, with scripts allowed."],
];

/** An error of Redis whose message also says what to do, where that is known. */
export function advised(error: unknown): Error {
  const given = error instanceof Error ? error : new Error(String(error));
  const [, advice] = ADVICE.find(([text]) => text.test(given.message)) ?? [];
  return advice === undefined ? given : new Error(`${given.message.replace(/\.?$/, ".")} ${advice}`, { cause: given });
}
