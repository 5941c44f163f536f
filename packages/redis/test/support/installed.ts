import { redisServerVersion } from "@statestream/redis-server";

/** Tests with a real Redis run only where redis-server is installed. */
export const HAS_REDIS: boolean = redisServerVersion() !== undefined;

/** Appended to the titles of those tests: why they are skipped, if they are. */
export const SKIPPED: string = HAS_REDIS ? "" : " (skipped: there is no redis-server on the PATH)";
