const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it stands in HTML, XML and SVG, between tags and inside quoted attributes. */
export function escapeMarkup(text: string): string {
  return text.replaceAll(/[&<>"']/g, (mark) => entities[mark]);
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

/** One page that needs nothing else: no scripts, styles and pictures inside. */
export function htmlPage({ title, style, lead, beneath, sections, footer }: HtmlPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header class="hero">
<p class="brand"><span class="dot"></span>Fovea</p>
<h1>${escapeMarkup(title)}</h1>
<p class="lead">${escapeMarkup(lead)}</p>${beneath === undefined ? "" : `\n${beneath}`}
</header>
${sections.join("\n")}
<footer>${footer}</footer>
</main>
</body>
</html>
`;
}
