/** HTML pages and pieces of them: every text of others goes through `escapeMarkup`. */
import { createHash } from "node:crypto";
import { shownText } from "./shown-text.ts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Text as it stands in HTML, XML and SVG, between tags and inside quoted attributes. Characters that XML does not allow
 * or that turn the direction of what follows are made visible.
 */
export function escapeMarkup(text: string): string {
  return shownText(text).replaceAll(/[&<>"']/g, (mark) => entities[mark]);
}

/** What an element measures. */
export interface Measures {
  /** Percent of the element around it. */
  readonly width?: number;
  /** Distance from the left edge of the element around it, in percent of its width. */
  readonly left?: number;
  /** Most pixels across. */
  readonly widest?: number;
}

/** CSS of each measure, by the attribute that holds its number. */
const measureRules = {
  width: (value: string) => `width:${value}%`,
  left: (value: string) => `left:${value}%`,
  widest: (value: string) => `max-width:${value}px`,
} as const;

/**
 * Attributes that give an element the measures, where a `style` attribute would stand: the policy of a page allows none.
 * `htmlPage` writes the rules.
 */
export function measured(measures: Measures): string {
  const attributes = Object.entries(measures).map(
    ([name, value]) => `data-${name}="${Number(value.toFixed(1))}"`,
  );
  return attributes.join(" ");
}

/** Rules for the measures in some markup; whatever else stands there, only numbers get into them. */
function rulesOf(markup: string): string {
  const found = markup.matchAll(/ data-(width|left|widest)="(\d{1,6}(?:\.\d)?)"/g);
  const rules = [...found].map(([attribute, name, value]) => {
    const rule = measureRules[name as keyof typeof measureRules];
    return `[${attribute.trim()}]{${rule(value)}}`;
  });
  return [...new Set(rules)].sort().join("\n");
}

/** What a page is made of: texts are escaped here, markup stands as it is given. */
export interface HtmlPage {
  /** Text. */
  readonly title: string;
  /** CSS. */
  readonly style: string;
  /** Text below the title. */
  readonly lead: string;
  /** Markup below the lead, still in the head of the page. */
  readonly beneath?: string;
  /** Markup of the sections. */
  readonly sections: readonly string[];
  /** Markup. */
  readonly footer: string;
  /** A module that the page runs, and the only one that it does. */
  readonly script?: string;
  /** What the script reads: values by the ids of their `<script type="application/json">`. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * A value as JSON inside a page, for a script of the page to read: no text in it ends the element or begins another, and
 * what would act unseen is seen. Fractions keep five digits, which is more than a colour tells.
 */
export function jsonScript(id: string, value: unknown): string {
  const json = JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === "number") return Number.isInteger(one) ? one : Number(one.toPrecision(5));
    if (ArrayBuffer.isView(one)) return Array.from(one as Float32Array);
    return typeof one === "string" ? shownText(one) : one;
  });
  const safe = json.replaceAll(
    /[<\u2028\u2029]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `<script type="application/json" id="${escapeMarkup(id)}">${safe}</script>`;
}

/**
 * One page that needs nothing else: styles, pictures and, if it has one, its script inside. Its policy makes the browser
 * hold it to that, whatever is in it: nothing else runs, nothing is fetched, nothing is sent, and of styles only its own
 * one counts.
 */
export function htmlPage(page: HtmlPage): string {
  const { title, style, lead, beneath, sections, footer, script, data = {} } = page;
  if (script !== undefined && /<\/script/i.test(script))
    throw new Error("the page's script ends its element");
  const body = `<main>
<header class="hero">
<p class="brand"><span class="dot"></span>Fovea</p>
<h1>${escapeMarkup(title)}</h1>
<p class="lead">${escapeMarkup(lead)}</p>${beneath === undefined ? "" : `\n${beneath}`}
</header>
${sections.join("\n")}
<footer>${footer}</footer>
</main>`;
  const values = Object.entries(data).map(([id, value]) => jsonScript(id, value));
  const module = script === undefined ? "" : `<script type="module">${script}</script>\n`;
  const styles = `${style}${rulesOf(body)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta http-equiv="Content-Security-Policy" content="${policy(styles, script)}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<style>${styles}</style>
</head>
<body>
${body}
${values.map((value) => `${value}\n`).join("")}${module}</body>
</html>
`;
}

/** The content security policy of a page with one style sheet, pictures inside, and at most one script. */
function policy(styles: string, script: string | undefined): string {
  return [
    "default-src 'none'",
    `style-src '${hashOf(styles)}'`,
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`]),
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
