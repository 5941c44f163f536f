import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { writeTexts } from "./llms.ts";

const REPOSITORY = "https://github.com/statestream/statestream";

/** Pages whose text lives beside the code: links in them are of the repository. */
const PAGE_OF: Readonly<Record<string, string>> = {
  "PROTOCOL.md": "/reference/protocol",
  "SECURITY.md": "/guide/security",
  "docs/redux.md": "/guide/redux",
  "docs/operations.md": "/guide/operations",
  "docs/from-a-hand-written-route.md": "/guide/from-a-hand-written-route",
  "docs/from-ag-ui.md": "/guide/from-ag-ui",
};

/** The page that a file of the repository is. */
const pageOf = (path: string): string | undefined =>
  PAGE_OF[path] ?? /^apps\/docs(\/(?:guide|reference)\/.*)\.md$/.exec(path)?.[1];

const api = (): { text: string; link: string }[] => {
  const directory = fileURLToPath(new URL("../api/@statestream", import.meta.url));
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => name.replaceAll("\\", "/").replace(/\.md$/, ""))
    .sort()
    .map((name) => ({ text: `@statestream/${name}`, link: `/api/@statestream/${name}` }));
};

/** A part of the sidebar: the title of each page, and where it is. */
const section = (text: string, pages: Readonly<Record<string, string>>): { text: string; items: object[] } => ({
  text,
  items: Object.entries(pages).map(([title, link]) => ({ text: title, link })),
});

export default defineConfig({
  title: "Statestream",
  description: "A live copy of your server's state in the browser: one snapshot, then only what changed.",
  lang: "en",
  cleanUrls: true,
  lastUpdated: false,
  outDir: "dist",
  srcExclude: ["README.md"],
  head: [
    ["link", { rel: "icon", href: "/icon.svg" }],
    ["meta", { name: "theme-color", content: "#0f766e" }],
  ],
  buildEnd: writeTexts,
  // The theme's front page has no main landmark.
  transformHtml: (html) => html.replace('class="VPHome"', 'role="main" class="VPHome"'),
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    languageAlias: { caddy: "nginx", haproxy: "ini", vcl: "c" },
    config(md) {
      // Links of included files point into the repository, from wherever they lie.
      const open = md.renderer.rules.link_open;
      md.renderer.rules.link_open = (tokens, index, options, env, self) => {
        const token = tokens[index];
        const href = token?.attrGet("href") ?? "";
        const target = /^(?:\.\.\/)+((?:packages|apps|docs|examples)\/[^#]*|[A-Z]+\.md)(#.*)?$/.exec(href);
        const path = target?.[1] ?? (/^(?:packages|apps|docs|examples)\/|^[A-Z]+\.md/.test(href) ? href : undefined);
        if (path !== undefined) token?.attrSet("href", pageOf(path) ?? `${REPOSITORY}/tree/main/${path}`);
        return open?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
      };
    },
  },
  // scripts/links.mjs follows the links of the built pages, those that the rule above has made too.
  ignoreDeadLinks: [
    /^(?:\.\/)*(?:\.\.\/)+(?:packages|apps|docs|examples)\//,
    /(?:PROTOCOL|SECURITY|CONTRIBUTING|README)/,
  ],
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    logo: "/icon.svg",
    search: {
      provider: "local",
    },
    outline: { level: [2, 3] },
    socialLinks: [{ icon: "github", link: REPOSITORY }],
    footer: { message: "MIT licensed." },
    nav: [
      { text: "Guide", link: "/guide/what-it-is", activeMatch: "/guide/" },
      { text: "Protocol", link: "/reference/protocol" },
      { text: "API", link: "/api/", activeMatch: "/api/" },
    ],
    sidebar: {
      "/api/": [{ text: "API reference", items: api() }],
      "/": [
        section("Start", {
          "What it is": "/guide/what-it-is",
          "Quick start": "/guide/quick-start",
          Concepts: "/guide/concepts",
          "From a hand-written route": "/guide/from-a-hand-written-route",
          "From AG-UI and CopilotKit": "/guide/from-ag-ui",
        }),
        section("On the server", {
          "Where the state comes from": "/guide/sources",
          "Redux and Zustand": "/guide/redux",
          "Text that grows": "/guide/text",
          "Who may see what": "/guide/auth",
          Views: "/guide/views",
          Options: "/guide/options",
          TypeScript: "/guide/typescript",
          "Testing your stream": "/guide/testing",
        }),
        section("In the browser", {
          "The client": "/guide/client",
          "Front ends": "/guide/front-ends",
          "Developer tools": "/guide/devtools",
        }),
        section("In production", {
          Deployment: "/guide/deployment",
          Runtimes: "/guide/runtimes",
          "Many nodes": "/guide/many-nodes",
          "Running Redis": "/guide/operations",
          Metrics: "/guide/metrics",
          Troubleshooting: "/guide/troubleshooting",
          Security: "/guide/security",
        }),
        section("Reference", {
          Protocol: "/reference/protocol",
          Comparison: "/reference/comparison",
          "How fast": "/reference/performance",
          Versioning: "/reference/versioning",
          Questions: "/reference/faq",
        }),
      ],
    },
  },
});
