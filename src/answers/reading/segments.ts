/** Pairs of tags around thoughts: what stands in them, or before a closing one alone, is no answer. */
const thoughtTags: readonly (readonly [open: string, close: string])[] = [
  [
    "<(?:think|thinking|thought|thoughts|reasoning|reflection)>",
    "</(?:think|thinking|thought|thoughts|reasoning|reflection)>",
  ],
  ["\\[THINK\\]", "\\[/THINK\\]"],
  ["\u25c1think\u25b7", "\u25c1/think\u25b7"],
  ["<\\|begin_of_thought\\|>", "<\\|end_of_thought\\|>"],
  ["<\\|channel\\|>(?:analysis|commentary)", "<\\|channel\\|>final"],
];

/** Tags around the answer itself. */
const answerTags = [
  /<answer>([\s\S]*?)(?:<\/answer>|$)/gi,
  /<\|begin_of_(?:box|solution)\|>([\s\S]*?)(?:<\|end_of_(?:box|solution)\|>|$)/g,
];

/** Tokens that end a turn or open one, where a server does not take them out. */
const turnTokens =
  /<\|(?:im_end|im_start|endoftext|eot_id|end_of_text|message|return|start|end|eom_id)\|>|<\/?s>|<eos>|<bos>|<end_of_turn>|<end_of_utterance>|<pad>/g;

/** What a model says over and over when it cannot stop: as often as this it still says the same. */
const REPEATS = 100;
const repeated = new RegExp(`([\\s\\S]{1,16}?)\\1{${REPEATS},}`, "g");

/** Without long runs of anything: patterns go back over them. */
function brief(text: string): string {
  return text
    .replaceAll(/\s{20,}/g, (run) => (run.includes("\n") ? "\n\n" : " "))
    .replaceAll(repeated, (_, unit: string) => unit.repeat(REPEATS));
}

/** What a model wrote before its answer: thoughts in tags, fences of code. What it says stays, in plain characters. */
export function plainText(text: string): string {
  const said = withoutThoughts(plainCharacters(brief(text))).replaceAll(turnTokens, " ");
  const marked = answerTags.reduce((all, tag) => all.replaceAll(tag, "\nanswer: $1\n"), said);
  return withoutTex(marked)
    .replaceAll(/```[a-z]*\n?/gi, "\n")
    .trim();
}

/** Full-width letters, digits and marks as plain ones; quotes, dashes and minus signs as on a keyboard. */
export function plainCharacters(text: string): string {
  return text
    .replaceAll(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replaceAll(/[\u3000\u00a0\u202f]/g, " ")
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[\u201c\u201d\u300c\u300d\u300e\u300f]/g, '"')
    .replaceAll(/[\u3010\u3014]/g, "(")
    .replaceAll(/[\u3011\u3015]/g, ")")
    .replaceAll("\u2212", "-")
    .replaceAll("\u3002", ".")
    .replaceAll("\u3001", ",");
}

/** A pair of tags with all between; what stands before a closing tag alone; what follows an opening one alone. */
function withoutThoughts(text: string): string {
  let said = text;
  for (const [open, close] of thoughtTags) {
    said = said.replaceAll(new RegExp(`${open}(?:(?!${open})[\\s\\S])*?${close}`, "gi"), " ");
    const last = [...said.matchAll(new RegExp(close, "gi"))].at(-1);
    if (last !== undefined) said = said.slice(last.index + last[0].length);
    const begun = said.search(new RegExp(open, "i"));
    if (begun >= 0) said = said.slice(0, begun);
  }
  return said;
}

function withoutTex(text: string): string {
  const unboxed = commandsOpened(text, /\\f?boxed\s*\{/g, (inside) => `answer: ${inside}`);
  const plain = commandsOpened(
    unboxed,
    /\\(?:text|textbf|textit|mathrm|mathbf|mathit|texttt|mbox)\s*\{/g,
    (inside) => inside,
  );
  return plain.replaceAll(/\\[()[\]]/g, " ");
}

/** Commands in one another that are opened: people write two or three. */
const DEEPEST = 10;

/** Each command with its braces, which may hold others, replaced by what `turn` makes of the inside. */
function commandsOpened(text: string, command: RegExp, turn: (inside: string) => string, depth = 0): string {
  if (depth === DEEPEST) return text;
  let out = "";
  let at = 0;
  for (const match of text.matchAll(command)) {
    if (match.index < at) continue;
    const from = match.index + match[0].length;
    const to = closingBrace(text, from);
    const inside = commandsOpened(text.slice(from, to), command, (inner) => inner, depth + 1);
    out += text.slice(at, match.index) + turn(inside);
    at = Math.min(text.length, to + 1);
  }
  return out + text.slice(at);
}

/** Index of the brace that closes one that was opened before `from`; the end of the text without one. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return text.length;
}

const quotes = "[\"'*_]*";
/** Marks that close what opened before: those of the answer itself stay. */
const closed = "(?:[\"'*_]+(?=\\s|$))?";
const are = "(?:is|was|are|would be|must be|should be|will be|has to be)";
const named = "(?:answer|response|solution|result)";
const kinds = "(?:option|choice|label|letter|selection)";
/**
 * "Answer:", "the final answer is", "Answer =", "The correct option is", a heading "**Final answer**" with a line of its
 * own, and the like in other languages.
 */
const markers = [
  `\\b${named}(?:\\s+to\\s+[^.:\\n]{1,80}?)?(?:\\s+${are})?\\s*${quotes}\\s*[:=]${closed}`,
  `\\b${named}(?:\\s+to\\s+[^.:\\n]{1,80}?)?\\s+${are}\\b\\s*:?`,
  `\\b(?:final|correct|right|best|my)\\s+${kinds}(?:\\s+${are}\\b|\\s*${quotes}\\s*[:=])${closed}`,
  `\\bfinal\\s+answer${quotes}\\s*(?:-|\u2013|\u2014|\\n)\\s*`,
  "(?:\u6700\u7ec8|\u6b63\u786e)?(?:\u7b54\u6848|\u9009\u9879)\\s*(?:\u4e3a|\u662f|:|=)\\s*:?",
  "\u6545\u9009|\u5e94\u8be5\u9009|\u5e94\u9009|\u9009\u62e9",
  "\\b(?:r\u00e9ponse|antwort|respuesta|risposta|resposta)\\s*(?:(?:est|ist|es|\u00e8|\u00e9)\\b|:)\\s*:?",
];
const marker = new RegExp(markers.map((pattern) => `(?:${pattern})`).join("|"), "gi");

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

/** Without the marks that people put around an answer, or before it in a list. */
export function bare(text: string): string {
  return text
    .trim()
    .replace(/^(?:[-\u2022>#*]+\s+)+/, "")
    .replace(/^[\s"'`*_([{<$]+/, "")
    .replace(/[\s"'`*_)\]}>$.,;:!]+$/, "")
    .trim();
}

/** Pieces that the model set apart: bold, in quotes, in code, in braces; but for those whose marks are their own. */
export function emphasised(text: string, isOwn: (piece: string) => boolean = () => false): string[] {
  const marks = [
    /\*\*([^*\n]+)\*\*/g,
    /__([^_\n]+)__/g,
    /`([^`\n]+)`/g,
    /"([^"\n]+)"/g,
    /\{([^{}\n]+)\}/g,
    /(?<!\w)'([^'\n]+)'(?!\w)/g,
  ];
  return marks.flatMap((mark) =>
    [...text.matchAll(mark)].flatMap(([piece, inside]) => (isOwn(piece) ? [] : [bare(inside)])),
  );
}
