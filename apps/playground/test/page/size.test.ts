import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readPages } from "../../src/pages.ts";

const MAX_GZIPPED_BYTES = 100_000;

test("the page is under 100 kB gzipped, without its charts", () => {
  const files = [...readPages()].filter(([path]) => !/\/uplot-|\/plain\./.test(path));
  const sizes = files.map(([path, { body }]) => [path, gzipSync(body).length] as const);
  expect(sizes.map(([path]) => path.replace(/-[\w-]{8}\./, "."))).toEqual(
    expect.arrayContaining(["/", "/icon.svg", "/assets/index.js", "/assets/index.css"]),
  );
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  expect(total).toBeLessThan(MAX_GZIPPED_BYTES);
});

test("the page takes nothing from elsewhere, and nothing that its policy forbids", () => {
  const html = readPages().get("/")?.body ?? "";
  expect(html).not.toMatch(/https?:|\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc="\/)/);
});
