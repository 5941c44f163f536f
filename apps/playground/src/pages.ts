import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import type { HttpResponse } from "./http.ts";

const PUBLIC = new URL("../public/", import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The files of the page by their path, read once: what is not here cannot be asked for. */
export function readPages(): ReadonlyMap<string, HttpResponse> {
  const pages = new Map<string, HttpResponse>();
  for (const name of readdirSync(PUBLIC)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const headers = {
      "content-type": type,
      "cache-control": "no-cache",
      "content-security-policy": "default-src 'self'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
    };
    const page = { status: 200, headers, body: readFileSync(new URL(name, PUBLIC), "utf8") };
    pages.set(name === "index.html" ? "/" : `/${name}`, page);
  }
  return pages;
}
