/** The project's Markdown pages as pages of the site: the same tree, with links that lead to pages, or to sources as pages. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join, posix } from "node:path";

/** A page of the site by its path there, without a leading slash. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

export interface Content {
  readonly pages: readonly Page[];
  /** Pictures, by the same path here and there. */
  readonly images: readonly string[];
}

const images = new Set([".png", ".jpg", ".svg"]);

/** A link of Markdown, with what stands before it: a picture or not, and where it leads. */
const link = /(!?\[(?:[^\]\\]|\\.)*\])\(([^)\s]+)\)/g;

/**
 * The site's pages of Markdown files, by their paths from `root`, with every source file and folder that they link to as a
 * page of its own. Throws an error that names a link which leads nowhere.
 */
export function contentOf(root: string, files: readonly string[]): Content {
  const known = new Set(files);
  const [linked, pictures] = [new Set<string>(), new Set<string>()];
  const pages = files.map((file): Page => {
    const text = outsideCode(readFileSync(join(root, file), "utf8"), (prose) =>
      prose.replaceAll(link, (whole, label: string, to: string) => {
        if (/^(\w+:|#)/.test(to)) return whole;
        return `${label}(${target(file, to)})`;
      }),
    );
    return { path: sitePath(file), text: text.replaceAll(/^<!-- \/?[\w-]+ -->\n\n?/gm, "") };
  });

  /** Where a link of a page leads on the site; notes what must come along. */
  function target(page: string, to: string): string {
    const [path, anchor] = to.split("#");
    const file = posix.normalize(posix.join(posix.dirname(page), path)).replace(/\/$/, "");
    if (!existsSync(join(root, file))) throw new Error(`${page}: link to ${to} leads nowhere`);
    const hash = anchor === undefined ? "" : `#${anchor}`;
    if (images.has(extname(file))) {
      pictures.add(file);
      return `/${file}`;
    }
    const readme = statSync(join(root, file)).isDirectory() ? posix.join(file, "README.md") : file;
    if (known.has(readme)) return `/${sitePath(readme)}${hash}`;
    linked.add(file);
    return `/${sourcePath(file)}${hash}`;
  }

  const sources = [...linked].map((file) => sourcePage(root, file));
  return { pages: [...pages, ...sources], images: [...pictures] };
}

/** `docs/training.md` stays; a README is the first page of its folder; the project's own is where one starts. */
export function sitePath(file: string): string {
  if (file === "README.md") return "start.md";
  return file.replace(/README\.md$/, "index.md");
}

const sourcePath = (file: string) => `source/${file.replace(/\.md$/, "")}.md`;

const languages: Readonly<Record<string, string>> = {
  ".ts": "ts",
  ".mjs": "js",
  ".cjs": "js",
  ".py": "python",
  ".sh": "bash",
  ".yaml": "yaml",
  ".json": "json",
  ".html": "html",
  ".md": "md",
};

/** A file of the project as a page to read, or a folder as the list of what is in it. */
function sourcePage(root: string, file: string): Page {
  const path = join(root, file);
  const head = `---\nsearch: false\noutline: false\neditLink: false\n---\n\n# ${file}\n\n`;
  if (statSync(path).isDirectory()) {
    const names = readdirSync(path).sort();
    return { path: sourcePath(file), text: `${head}${names.map((name) => `- \`${name}\``).join("\n")}\n` };
  }
  const text = readFileSync(path, "utf8").trimEnd();
  const fence = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  const language = languages[extname(file)] ?? "txt";
  return { path: sourcePath(file), text: `${head}${fence}${language}\n${text}\n${fence}\n` };
}

/** Changes a page's prose and leaves its blocks and spans of code as they are. */
function outsideCode(text: string, change: (prose: string) => string): string {
  const code = /(^```[\s\S]*?^```$|^(?: {4}.*\n)+|`[^`\n]+`)/gm;
  const held: string[] = [];
  const whole = text.replaceAll(code, (piece) => `\u0000${held.push(piece) - 1}\u0000`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a character that no page has
  return change(whole).replaceAll(/\u0000(\d+)\u0000/g, (_, number: string) => held[Number(number)]);
}

/** The first heading of a page. */
export function titleOf(text: string): string {
  return /^# (.+)$/m.exec(text)?.[1].replaceAll("`", "") ?? "";
}
