/** What a model wrote before its answer: thoughts in tags, fences of code. What it says stays. */
export function plainText(text: string): string {
  return text
    .replaceAll(/<think(?:ing)?>[\s\S]*?<\/think(?:ing)?>/gi, " ")
    .replaceAll(/```[a-z]*\n?/gi, "\n")
    .replaceAll(/\\boxed\{([^{}]*)\}/g, "answer: $1")
    .replaceAll(/\\(?:text|mathrm|mathbf|textbf)\{([^{}]*)\}/g, "$1")
    .replaceAll("\u2019", "'")
    .replaceAll(/[\u201c\u201d]/g, '"')
    .trim();
}

/** "Answer:", "the final answer is", "Answer =" */
const marker = /\banswer(?:\s+is)?\s*(?:\*\*|__)?\s*(?::|=|\bis\b)\s*(?:\*\*|__)?|\banswer\s+is\b\s*/gi;

/** All that follows the last sign of a final answer; undefined without one. */
export function afterMarker(text: string): string | undefined {
  const last = [...text.matchAll(marker)].at(-1);
  if (last === undefined) return undefined;
  const rest = text.slice(last.index + last[0].length).trim();
  return rest === "" ? undefined : rest;
}

/**
 * Where an answer is looked for, in order. After a sign of a final answer, only there: its line, then all behind it.
 * Otherwise the last line, then the whole text.
 */
export function segmentsOf(text: string): string[] {
  const marked = afterMarker(text);
  const part = marked ?? text;
  const lines = part
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const line = marked === undefined ? lines.at(-1) : lines[0];
  return [...new Set([line ?? "", part])].filter((segment) => segment !== "");
}

/** Without the marks that people put around an answer. */
export function bare(text: string): string {
  return text
    .trim()
    .replace(/^[\s"'`*_([{<$]+/, "")
    .replace(/[\s"'`*_)\]}>$.,;:!]+$/, "")
    .trim();
}

/** Pieces that the model set apart: bold, in quotes, in code, in braces. */
export function emphasised(text: string): string[] {
  const marks = [
    /\*\*([^*\n]+)\*\*/g,
    /__([^_\n]+)__/g,
    /`([^`\n]+)`/g,
    /"([^"\n]+)"/g,
    /\{([^{}\n]+)\}/g,
    /(?<!\w)'([^'\n]+)'(?!\w)/g,
  ];
  return marks.flatMap((mark) => [...text.matchAll(mark)].map(([, inside]) => bare(inside)));
}
