import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

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

const api = (): { text: string; link: string }[] => {
  const directory = fileURLToPath(new URL("../api/@statestream", import.meta.url));
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => name.replaceAll("\\", "/").replace(/\.md$/, ""))
    .sort()
    .map((name) => ({ text: `@statestream/${name}`, link: `/api/@statestream/${name}` }));
};

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
  // The theme's front page has no main landmark.
  transformHtml: (html) => html.replace('class="VPHome"', 'role="main" class="VPHome"'),
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    languageAlias: { caddy: "nginx", haproxy: "ini" },
    config(md) {
      // Links of included files point into the repository, from wherever they lie.
      const open = md.renderer.rules.link_open;
      md.renderer.rules.link_open = (tokens, index, options, env, self) => {
        const token = tokens[index];
        const href = token?.attrGet("href") ?? "";
        const target = /^(?:\.\.\/)+((?:packages|apps|docs)\/.*|[A-Z]+\.md)(#.*)?$/.exec(href);
        const path = target?.[1] ?? (/^(?:packages|apps|docs)\/|^[A-Z]+\.md/.test(href) ? href : undefined);
        if (path !== undefined) token?.attrSet("href", PAGE_OF[path] ?? `${REPOSITORY}/tree/main/${path}`);
        return open?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
      };
    },
  },
  // scripts/links.mjs follows the links of the built pages, those that the rule above has made too.
  ignoreDeadLinks: [/^(?:\.\/)*(?:\.\.\/)+(?:packages|apps|docs)\//, /(?:PROTOCOL|SECURITY|CONTRIBUTING|README)/],
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    logo: "/icon.svg",
    search: {
      provider: "local",
      // By default the button's accessible name does not contain the shortcut that it shows.
      options: { translations: { button: { buttonText: "Search", buttonAriaLabel: "Search Ctrl K" } } },
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
        {
          text: "Start",
          items: [
            { text: "What it is", link: "/guide/what-it-is" },
            { text: "Quick start", link: "/guide/quick-start" },
            { text: "Concepts", link: "/guide/concepts" },
            { text: "From a hand-written route", link: "/guide/from-a-hand-written-route" },
            { text: "From AG-UI and CopilotKit", link: "/guide/from-ag-ui" },
          ],
        },
        {
          text: "On the server",
          items: [
            { text: "Where the state comes from", link: "/guide/sources" },
            { text: "Redux and Zustand", link: "/guide/redux" },
            { text: "Who may see what", link: "/guide/auth" },
            { text: "Views", link: "/guide/views" },
            { text: "TypeScript", link: "/guide/typescript" },
            { text: "Testing your stream", link: "/guide/testing" },
          ],
        },
        {
          text: "In the browser",
          items: [
            { text: "The client", link: "/guide/client" },
            { text: "Front ends", link: "/guide/front-ends" },
            { text: "Developer tools", link: "/guide/devtools" },
          ],
        },
        {
          text: "In production",
          items: [
            { text: "Deployment", link: "/guide/deployment" },
            { text: "Many nodes", link: "/guide/many-nodes" },
            { text: "Running Redis", link: "/guide/operations" },
            { text: "Metrics", link: "/guide/metrics" },
            { text: "Troubleshooting", link: "/guide/troubleshooting" },
            { text: "Security", link: "/guide/security" },
          ],
        },
        {
          text: "Reference",
          items: [
            { text: "Protocol", link: "/reference/protocol" },
            { text: "Comparison", link: "/reference/comparison" },
            { text: "Versioning", link: "/reference/versioning" },
            { text: "Questions", link: "/reference/faq" },
          ],
        },
      ],
    },
  },
});
