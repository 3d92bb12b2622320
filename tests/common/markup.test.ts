import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { escapeMarkup, htmlPage, measured } from "../../src/common/markup.ts";

const root = join(import.meta.dirname, "../..");

function pageOf(section: string): string {
  return htmlPage({ title: "t", style: "b{color:red}", lead: "l", sections: [section], footer: "f" });
}

test("a page's policy comes first and allows its own style sheet and pictures inside, nothing else", () => {
  const html = pageOf(`<p ${measured({ width: 12.345, left: 7 })}></p><p ${measured({ widest: 300 })}></p>`);
  const { document } = parseHTML(html);
  const first = document.head.firstElementChild;
  expect(first?.getAttribute("http-equiv")).toBe("Content-Security-Policy");
  const style = document.querySelector("style")?.textContent ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  expect(first?.getAttribute("content")).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`,
  );
  expect(style.split("\n")).toEqual([
    'b{color:red}[data-left="7"]{left:7%}',
    '[data-widest="300"]{max-width:300px}',
    '[data-width="12.3"]{width:12.3%}',
  ]);
});

test("nothing but a number gets from markup into the style sheet", () => {
  for (const value of ["1}b{color:blue", "url(x)", "", "-1", "1e3", "1.25", "9999999"])
    expect(pageOf(`<p data-width="${value}"></p>`)).toContain("<style>b{color:red}</style>");
});

test("text in markup cannot end it, act unseen or break XML", () => {
  expect(escapeMarkup(`</title><b a='x' c="y">&amp;`)).toBe(
    "&lt;/title&gt;&lt;b a=&#39;x&#39; c=&quot;y&quot;&gt;&amp;amp;",
  );
  expect(escapeMarkup("a\u0000\u001b[2J\u202eb\u2066\ud800\uffff\u009b\u007f\r\nc\td")).toBe(
    "a␀␛[2J\ufffdb\ufffd\ufffd\ufffd\ufffd␡\nc\td",
  );
  expect(escapeMarkup("שלום\u200f العربية 😀 – é")).toBe("שלום\u200f العربية 😀 – é");
});

test("every page is written by htmlPage, and no markup has what its policy forbids", async () => {
  const files = await sources();
  const having = (pattern: RegExp) => files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
  expect(files.length).toBeGreaterThan(300);
  expect(having(/<!doctype|<html[ >](?!<body><\/body><\/html>)/i)).toEqual(["src/common/markup.ts"]);
  expect(having(/<style/)).toEqual(["src/common/markup.ts"]);
  // Lit's `.style=` sets a property, which no policy forbids; a comment may name a script of JSON.
  expect(having(/(?<!\.)\bstyle=["$]|<(iframe|embed)[ >]|javascript:|["'] on[a-z]+="/)).toEqual([]);
  // Pages that are read without a server have one script, by its hash, and data that is escaped.
  expect(having(/<script(?! type="application\/json">`)[ >]/)).toEqual(["src/common/markup.ts"]);
});

/** The program's sources and the scripts, examples and benchmarks beside it, comments included. */
async function sources(): Promise<{ path: string; text: string }[]> {
  const folders = ["src", "bench", "examples", "experiments", "fuzz", "release"];
  const names = await Promise.all(
    folders.map(async (folder) => {
      const all = await readdir(join(root, folder), { recursive: true });
      return all.filter((name) => /\.[cm]?[jt]s$/.test(name)).map((name) => join(folder, name));
    }),
  );
  return Promise.all(
    names.flat().map(async (path) => ({ path, text: await readFile(join(root, path), "utf8") })),
  );
}
