/** Text of others in Markdown (cards of models and data sets): it stays text, whatever it holds. */
import { shownLine } from "./shown-text.ts";

/** On one line, in a paragraph or a cell of a table: without markup, HTML or links in brackets. */
export function escapeMarkdown(text: string): string {
  return shownLine(text).replaceAll(/[\\`*[\]<>&|~]|(?<!\w)_|_(?!\w)/g, "\\$&");
}

/** As code within a line. In a cell of a table, too, for which a bar is escaped even in code. */
export function codeSpan(text: string): string {
  const code = shownLine(text).replaceAll("|", "\\|");
  const fence = "`".repeat(longestRun(code) + 1);
  const space = /^[` ]|[` ]$/.test(code) ? " " : "";
  return fence + space + code + space + fence;
}

/** As lines of code between fences, which nothing in it can end. */
export function codeBlock(language: string, text: string): string {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}

/**
 * Markdown of others as it may stand in a page of ours: HTML in it is text, comments are kept. In blocks of code nothing
 * changes.
 */
export function withoutHtml(markdown: string): string {
  let fence = "";
  const lines = markdown.split("\n").map((line) => {
    const [, run] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
    const ends = run?.startsWith(fence) && line.trim() === run;
    if (fence !== "") {
      if (ends) fence = "";
      return line;
    }
    if (run !== undefined) fence = run;
    return line.replaceAll(/<(?!!-- \/?\w+ -->)/g, "&lt;");
  });
  return lines.join("\n");
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}
