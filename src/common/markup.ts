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
}

/**
 * One page that needs nothing else: no scripts, styles and pictures inside. Its policy makes the browser hold it to that,
 * whatever is in it: nothing runs, nothing is fetched, nothing is sent, and of styles only its own one counts.
 */
export function htmlPage({ title, style, lead, beneath, sections, footer }: HtmlPage): string {
  const body = `<main>
<header class="hero">
<p class="brand"><span class="dot"></span>Fovea</p>
<h1>${escapeMarkup(title)}</h1>
<p class="lead">${escapeMarkup(lead)}</p>${beneath === undefined ? "" : `\n${beneath}`}
</header>
${sections.join("\n")}
<footer>${footer}</footer>
</main>`;
  const styles = `${style}${rulesOf(body)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta http-equiv="Content-Security-Policy" content="${policy(styles)}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<style>${styles}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/** The content security policy of a page with one style sheet and pictures inside. */
function policy(styles: string): string {
  const hash = createHash("sha256").update(styles).digest("base64");
  return [
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}
