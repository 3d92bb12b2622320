import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BoundedCache } from "../../common/bounded-cache.ts";
import { requireOptional } from "../../common/optional.ts";
import { conceptCodePoints, conceptWords } from "./concepts.ts";
import type { CutOut } from "./cutout.ts";
import { decodeCutOut } from "./decode.ts";
import { moreCodePoints } from "./more-drawings.ts";

const require = createRequire(import.meta.url);

/** The picture's bytes of a word's code point, if the style has one. */
type Style = (codePoint: string, word: string) => Promise<Uint8Array | undefined>;

/** Emoji drawings by style: hands that draw the same words. */
export const emojiStyles = {
  "fluent-3d": fluent3d,
  "fluent-flat": iconify("@iconify-json/fluent-emoji-flat"),
  noto: iconify("@iconify-json/noto"),
  twemoji: iconify("@iconify-json/twemoji"),
  openmoji: iconify("@iconify-json/openmoji"),
  emojione: iconifyByName("@iconify-json/emojione"),
  "streamline-emojis": iconifyByName("@iconify-json/streamline-emojis"),
  fxemoji: iconifyByName("@iconify-json/fxemoji", ["star", "rainbow", "volcano"]), // Those are square tiles.
} as const satisfies Record<string, Style>;

export type EmojiStyle = keyof typeof emojiStyles;

/** After a style's name: its drawings of {@link moreCodePoints} instead. */
const MORE = "-more";

/** A style, or its further drawings (`noto-more`), by the name of a source of cut-outs. */
export interface EmojiSource {
  readonly style: EmojiStyle;
  readonly more: boolean;
}

/** Undefined for the name of anything else. */
export function emojiSource(name: string): EmojiSource | undefined {
  const more = name.endsWith(MORE);
  const style = more ? name.slice(0, -MORE.length) : name;
  return Object.hasOwn(emojiStyles, style) ? { style: style as EmojiStyle, more } : undefined;
}

/** Those of a world, 64 or some hundred: the parts of a run ask for the same ones. */
const decoded = new BoundedCache<string, CutOut | undefined>({
  name: "emoji",
  limit: 4096,
  maxBytes: 268_435_456,
  size: (cutOut) => (cutOut?.levels ?? []).reduce((sum, { data }) => sum + data.length, 0),
});

/** Cut-outs of the words that the style has a picture of; decoded once and kept for a while. */
export async function loadEmoji(
  { style, more }: EmojiSource,
  words: readonly string[] = conceptWords(),
): Promise<CutOut[]> {
  const wanted = words.flatMap((word) => codePointsOf(word, more).map((codePoint) => ({ word, codePoint })));
  const cutOuts = await Promise.all(
    wanted.map(({ word, codePoint }) =>
      decoded.getOrMake(`${style}/${word}/${codePoint}`, () => loadOne(style, word, codePoint)),
    ),
  );
  return cutOuts.filter((cutOut) => cutOut !== undefined);
}

function codePointsOf(word: string, more: boolean): readonly string[] {
  if (more) return Object.hasOwn(moreCodePoints, word) ? moreCodePoints[word] : [];
  return Object.hasOwn(conceptCodePoints, word) ? [conceptCodePoints[word]] : [];
}

async function loadOne(style: EmojiStyle, word: string, codePoint: string): Promise<CutOut | undefined> {
  const source = await emojiStyles[style](codePoint, word);
  return source === undefined ? undefined : decodeCutOut(source, word, `${style}/${codePoint}`);
}

async function fluent3d(codePoint: string): Promise<Uint8Array | undefined> {
  const folder = join(packageFolder("@lobehub/fluent-emoji-3d"), "assets");
  for (const name of [`${codePoint}.webp`, `${codePoint}-fe0f.webp`]) {
    const bytes = await readFile(join(folder, name)).catch(() => undefined);
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

interface IconifySet {
  readonly icons: Record<string, { body: string; width?: number; height?: number }>;
  readonly aliases?: Record<string, { parent: string }>;
  readonly width?: number;
  readonly height?: number;
}

const files = new Map<string, Promise<unknown>>();

/** A package's JSON, read once. */
function fileOf<T>(packageName: string, file: string): Promise<T> {
  const path = join(packageFolder(packageName), file);
  if (!files.has(path)) files.set(path, json(path));
  return files.get(path) as Promise<T>;
}

/** An Iconify icon set that names its icons by code point. */
function iconify(packageName: string): Style {
  return async (codePoint) => {
    const names = await fileOf<Record<string, string>>(packageName, "chars.json");
    return drawing(packageName, [names[codePoint], names[`${codePoint}-fe0f`]]);
  };
}

/** One that does not: its icons have the names of Unicode, in an older or newer form, or plain words. */
function iconifyByName(packageName: string, without: readonly string[] = []): Style {
  return async (codePoint, word) => {
    if (without.includes(word)) return undefined;
    const names = await fileOf<Record<string, string>>("@iconify-json/noto", "chars.json");
    const name = names[codePoint];
    const plain = codePoint === conceptCodePoints[word] ? [word] : [];
    return drawing(packageName, [name, `${name}-face`, ...plain]);
  };
}

/** The SVG of the first of these names that the set has. */
async function drawing(
  packageName: string,
  names: readonly (string | undefined)[],
): Promise<Uint8Array | undefined> {
  const { icons, aliases = {}, ...set } = await fileOf<IconifySet>(packageName, "icons.json");
  const iconOf = (name = "") => icons[name] ?? icons[aliases[name]?.parent ?? ""];
  const icon = names.map(iconOf).find((found) => found !== undefined);
  if (icon === undefined) return undefined;
  const [width, height] = [icon.width ?? set.width ?? 16, icon.height ?? set.height ?? 16];
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"` +
    ` width="256" height="256" viewBox="0 0 ${width} ${height}">${icon.body}</svg>`;
  return new TextEncoder().encode(svg);
}

async function json<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, "utf8"));
}

function packageFolder(name: string): string {
  return requireOptional(() => dirname(require.resolve(`${name}/package.json`)));
}
