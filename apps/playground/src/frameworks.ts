export type Framework = "hono" | "express" | "koa";
export const FRAMEWORKS: readonly Framework[] = ["hono", "express", "koa"];
