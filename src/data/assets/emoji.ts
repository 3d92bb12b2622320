import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BoundedCache } from "../../common/bounded-cache.ts";
import { requireOptional } from "../../common/optional.ts";
import { conceptCodePoints, conceptWords } from "./concepts.ts";
import type { CutOut } from "./cutout.ts";
import { decodeCutOut } from "./decode.ts";

const require = createRequire(import.meta.url);

/** Emoji drawings by style; each gives the picture's bytes for a code point, if the style has one. */
export const emojiStyles = {
  "fluent-3d": fluent3d,
  "fluent-flat": (codePoint: string) => iconify("@iconify-json/fluent-emoji-flat", codePoint),
  noto: (codePoint: string) => iconify("@iconify-json/noto", codePoint),
  twemoji: (codePoint: string) => iconify("@iconify-json/twemoji", codePoint),
  emojione: (codePoint: string) => iconify("@iconify-json/emojione", codePoint),
  "streamline-emojis": (codePoint: string) => iconify("@iconify-json/streamline-emojis", codePoint),
  openmoji: (codePoint: string) => iconify("@iconify-json/openmoji", codePoint),
} as const satisfies Record<string, (codePoint: string) => Promise<Uint8Array | undefined>>;

export type EmojiStyle = keyof typeof emojiStyles;

export function isEmojiStyle(name: string): name is EmojiStyle {
  return Object.hasOwn(emojiStyles, name);
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
  style: EmojiStyle,
  words: readonly string[] = conceptWords(),
): Promise<CutOut[]> {
  const cutOuts = await Promise.all(
    words.map((word) => decoded.getOrMake(`${style}/${word}`, () => loadOne(style, word))),
  );
  return cutOuts.filter((cutOut) => cutOut !== undefined);
}

async function loadOne(style: EmojiStyle, word: string): Promise<CutOut | undefined> {
  const codePoint = Object.hasOwn(conceptCodePoints, word) ? conceptCodePoints[word] : undefined;
  if (codePoint === undefined) return undefined;
  const source = await emojiStyles[style](codePoint);
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
  readonly aliases?: Record<string, { readonly parent: string }>;
  readonly width?: number;
  readonly height?: number;
}

const iconSets = new Map<string, Promise<[IconifySet, Record<string, string>]>>();

/** Pictures by their names, and the names by code points. */
function iconSet(packageName: string): Promise<[IconifySet, Record<string, string>]> {
  const known = iconSets.get(packageName);
  if (known !== undefined) return known;
  const folder = packageFolder(packageName);
  const files = [
    json<IconifySet>(join(folder, "icons.json")),
    json<Record<string, string>>(join(folder, "chars.json")),
  ] as const;
  const read = Promise.all(files);
  iconSets.set(packageName, read);
  return read;
}

/** Some sets name their pictures as this one does, and list no code points. */
const namedLike = "@iconify-json/noto";

/** The SVG drawing of a code point in an Iconify icon set. */
async function iconify(packageName: string, codePoint: string): Promise<Uint8Array | undefined> {
  const [set, own] = await iconSet(packageName);
  const name = Object.keys(own).length > 0 ? own[codePoint] : (await iconSet(namedLike))[1][codePoint];
  const icon = set.icons[name] ?? set.icons[set.aliases?.[name]?.parent ?? ""];
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
