import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DefaultTheme, defineConfig } from "vitepress";
import { titleOf } from "../pages.ts";

const content = join(import.meta.dirname, "../.content");

/** The guide in reading order: pages by what one wants. Titles are the pages' own where none is given. */
const guide: readonly (readonly [
  section: string,
  pages: readonly (readonly [page: string, title?: string])[],
])[] = [
  [
    "Start",
    [
      ["start", "What Fovea is"],
      ["docs/install"],
      ["docs/walkthrough", "The whole way"],
      ["docs/library"],
      ["examples/index", "Examples"],
    ],
  ],
  [
    "Use",
    [
      ["docs/training"],
      ["docs/ablate"],
      ["docs/evaluation"],
      ["docs/public-data"],
      ["docs/build"],
      ["docs/pull"],
      ["docs/sources"],
      ["docs/weights"],
      ["docs/devices"],
      ["docs/studio"],
      ["docs/serve-api"],
      ["docs/web"],
      ["docs/elements"],
    ],
  ],
  [
    "Understand",
    [
      ["docs/losses"],
      ["docs/taps"],
      ["docs/models"],
      ["docs/results"],
      ["docs/reading"],
      ["docs/architecture"],
      ["docs/decisions"],
    ],
  ],
  [
    "Look up",
    [
      ["api/index", "API reference"],
      ["docs/formats"],
      ["docs/memory"],
      ["docs/reliability"],
      ["CHANGELOG", "Changes"],
    ],
  ],
  [
    "Rooms of the source",
    [
      "common",
      "engine",
      "nn",
      "hub",
      "models",
      "grounding",
      "losses",
      "answers",
      "vlm",
      "data",
      "lens",
      "train",
      "eval",
      "harness",
      "serve",
      "web",
      "cli",
    ].map((room) => [`src/${room}/index`, room] as const),
  ],
  [
    "Take part",
    [
      ["CONTRIBUTING", "Contributing"],
      ["tests/index", "Tests"],
      ["experiments/index", "Studies"],
      ["bench/index", "Benchmarks"],
      ["fuzz/index", "Damaged files"],
    ],
  ],
];

function read(page: string): string | undefined {
  try {
    return readFileSync(join(content, `${page}.md`), "utf8");
  } catch {
    return undefined;
  }
}

function guideSidebar(): DefaultTheme.SidebarItem[] {
  return guide.map(([text, pages]) => ({
    text,
    collapsed: text.startsWith("Rooms") ? true : undefined,
    items: pages.flatMap(([page, title]) => {
      const markdown = read(page);
      return markdown === undefined
        ? []
        : [{ text: title ?? titleOf(markdown), link: `/${page.replace(/index$/, "")}` }];
    }),
  }));
}

/** Anchors as GitHub makes them, so that a link leads to the same heading there and here. */
function slugify(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

const sidebar = guideSidebar();
const reference = JSON.parse(
  readFileSync(join(content, "api/sidebar.json"), "utf8"),
) as DefaultTheme.SidebarMulti;

export default defineConfig({
  title: "Fovea",
  description: "Train vision-language models to look where they answer and to keep seeing what they saw.",
  lang: "en-GB",
  srcDir: ".content",
  outDir: "../dist-docs",
  cacheDir: ".vitepress/cache",
  head: [["link", { rel: "icon", type: "image/svg+xml", href: "/icon.svg" }]],
  lastUpdated: false,
  // No link may lead nowhere.
  ignoreDeadLinks: false,
  // The index of the search is one chunk.
  vite: { build: { chunkSizeWarningLimit: 4000 } },
  markdown: {
    html: false,
    anchor: { slugify },
    config(md) {
      // What looks like a template of Vue is text.
      const text = md.renderer.rules.text ?? ((tokens, i) => md.utils.escapeHtml(tokens[i].content));
      // Commands and formulas stand indented on the pages: they look like code between fences.
      md.renderer.rules.code_block = (tokens, i, ...rest) => {
        tokens[i].info = /^(?:npx |fovea |npm |node |git |bash |FOVEA_|pip )/m.test(tokens[i].content)
          ? "sh"
          : "txt";
        return md.renderer.rules.fence?.(tokens, i, ...rest) ?? "";
      };
      md.renderer.rules.text = (...args) => text(...args).replaceAll("{{", "&#123;&#123;");
    },
  },
  themeConfig: {
    logo: "/icon.svg",
    siteTitle: "Fovea",
    outline: [2, 3],
    search: { provider: "local", options: { detailedView: true } },
    nav: [
      {
        text: "Guide",
        link: "/start",
        activeMatch: "^/(start|docs/|CONTRIBUTING|CHANGELOG|src/|tests/|experiments/|bench/|fuzz/)",
      },
      { text: "Examples", link: "/examples/", activeMatch: "^/examples/" },
      { text: "API", link: "/api/", activeMatch: "^/api/" },
    ],
    sidebar: { ...reference, "/": sidebar },
    docFooter: { prev: "Before", next: "Next" },
    footer: { message: "Apache-2.0" },
  },
});
