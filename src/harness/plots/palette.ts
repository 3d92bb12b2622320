/** Colours of a plot; the page's are CSS variables, so that they follow light and dark. */
export interface PlotTheme {
  readonly ink: string;
  readonly quiet: string;
  readonly grid: string;
  readonly series: readonly string[];
}

/**
 * Seven colours, the first four those of the models in every page (tokens.css), that stay apart for all common kinds of colour blindness (after Okabe and Ito 2008), darkened
 * or lightened until each has a contrast of 3 : 1 to its ground. Marks differ in shape too.
 */
const light = ["#d55e00", "#0072b2", "#00805e", "#a8508a", "#8a6d00", "#2f8fd0", "#5a6472"];
const dark = ["#ff9447", "#5ab4f0", "#4fd0a8", "#e59fc9", "#f0c94a", "#a9dcff", "#aab4c2"];

/** For files: on white. */
export const paper: PlotTheme = { ink: "#14181f", quiet: "#5b6472", grid: "#e2e6ec", series: light };

/** The same on a dark ground, {@link nightGround}. */
export const night: PlotTheme = { ink: "#e8ecf2", quiet: "#9aa5b4", grid: "#2a323d", series: dark };

/** What files are drawn on. */
export const [paperGround, nightGround] = ["#ffffff", "#0f141b"];

/** For the page, whose style sheet holds {@link seriesStyle}. */
export const pageTheme: PlotTheme = {
  ink: "var(--ink)",
  quiet: "var(--muted)",
  grid: "var(--hairline)",
  series: light.map((_, i) => `var(--s${i + 1})`),
};

const variables = light.map((colour, i) => `--s${i + 1}:light-dark(${colour},${dark[i]})`).join(";");

const classes = ["quiet-series", ...light.map((_, i) => `series-${i + 1}`)];

/** The colours by name, and a class for what is filled with one. */
export const seriesStyle = `:root{${variables}}
${classes.map((name, i) => `.${name}{background:${i === 0 ? pageTheme.quiet : pageTheme.series[i - 1]}}`).join("\n")}`;

/** The class of {@link seriesStyle} that fills with the colour of the series in a place of the list. */
export function seriesClass(slot: number): string {
  return classes[slot + 1] ?? classes[0];
}

/** The mark of a series, beside its colour. */
export const symbols = ["circle", "square", "triangle", "diamond", "star", "cross", "wye"] as const;

/**
 * More series than this are not told apart in one picture: the others are grey in tables and left out of
 * plots.
 */
export const maxSeries = symbols.length;

/** Colour of the series in a place of the list. */
export function seriesColour(theme: PlotTheme, slot: number): string {
  return theme.series[slot] ?? theme.quiet;
}

export function seriesSymbol(slot: number): (typeof symbols)[number] {
  return symbols[slot % symbols.length];
}
