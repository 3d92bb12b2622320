/** What the scripts that put results into Markdown pages share. */
import { readFileSync } from "node:fs";
import { writeFileWhole } from "../src/common/files.ts";

/** A share as percent with one decimal, without the sign. */
export const percent = (value: number) => (100 * value).toFixed(1);

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Replaces what stands in a page between the marks `<!-- NAME -->` and `<!-- /NAME -->`, for each name. */
export async function fill(page: string, contents: Readonly<Record<string, string>>): Promise<void> {
  let text = readFileSync(page, "utf8");
  for (const [mark, content] of Object.entries(contents)) {
    const between = new RegExp(`(<!-- ${mark} -->\n)[^]*?(<!-- /${mark} -->)`);
    if (!between.test(text)) throw new Error(`${page} has no place for ${mark}`);
    text = text.replace(between, (_, open: string, close: string) => `${open}\n${content}\n\n${close}`);
  }
  await writeFileWhole(page, text);
}
