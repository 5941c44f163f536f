import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { type HttpRequest, type HttpResponse, json, methodNotAllowed, notFound } from "./http.ts";

/** What Vite makes of `page/`. The same path from `src/`, where tests run, and from `dist/`. */
const BUILT = fileURLToPath(new URL("../dist/public/", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** A file of the page, and what is sent to whom takes it compressed. */
export interface Page extends HttpResponse {
  readonly body: string;
  readonly gzipped: HttpResponse;
}

/**
 * The files of the page by their path, read once: nothing else can be requested.
 *
 * @throws {Error} whose message is one line for the person who forgot to build the page.
 */
export function readPages(): ReadonlyMap<string, Page> {
  const pages = new Map<string, Page>();
  for (const name of listFiles()) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const headers = {
      "content-type": type,
      // Vite puts a hash of the contents into the names of what it builds.
      "cache-control": name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      "x-content-type-options": "nosniff",
      vary: "accept-encoding",
    };
    const body = readFileSync(`${BUILT}${name}`, "utf8");
    const gzipped = { status: 200, headers: { ...headers, "content-encoding": "gzip" }, body: gzipSync(body) };
    const page = { status: 200, headers, body, gzipped };
    pages.set(name === "index.html" ? "/" : `/${name}`, page);
  }
  return pages;
}

/** Whatever is no part of the API. */
export function answerPage(
  pages: ReadonlyMap<string, Page>,
  { method, path, acceptEncoding = "" }: HttpRequest,
): HttpResponse {
  const file = pages.get(path);
  const isGzipAccepted = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(acceptEncoding);
  const page = path === "/healthz" ? json(200, { ok: true }) : isGzipAccepted ? file?.gzipped : file;
  if (page === undefined && path !== "/events") return notFound(path);
  const reads = method === "GET" || method === "HEAD";
  return page !== undefined && reads ? page : methodNotAllowed(method, ["GET", "HEAD"]);
}

function listFiles(): string[] {
  try {
    return readdirSync(BUILT, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  } catch (cause) {
    throw new Error("The page is not built; run pnpm build first.", { cause });
  }
}
