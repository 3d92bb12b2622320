/** What a new model owes to its halves: their licences, in files and in a model card. */
import { copyFile, readdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { escapeMarkdown } from "../../common/markdown.ts";
import { cardHead, readCardFacts } from "../../hub/model-card.ts";
import type { OpenHalf } from "./half.ts";
import type { LanguageHalf } from "./language.ts";
import type { VisionHalf } from "./vision.ts";

interface Origin {
  readonly part: "vision" | "language";
  /** OWNER/NAME where the folder is one of the cache, else its last name. */
  readonly name: string;
  /** As its card says. */
  readonly licence: string | undefined;
  readonly folder: string;
}

/** Copies the halves' licence files and writes README.md. */
export async function writeOrigin(
  folder: string,
  halves: { readonly vision: VisionHalf; readonly language: LanguageHalf },
): Promise<void> {
  const origins = await Promise.all([
    originOf("vision", halves.vision.half),
    originOf("language", halves.language.half),
  ]);
  for (const { part, folder: from } of origins)
    for (const name of await readdir(from).catch(() => []))
      if (/^(licen[cs]e|notice|use_policy)/i.test(name))
        await copyFile(join(from, name), join(folder, `${part}-${name}`));
  await writeFile(join(folder, "README.md"), cardOf(origins));
}

async function originOf(part: Origin["part"], { folder, origin }: OpenHalf): Promise<Origin> {
  if (origin !== undefined) return { part, name: origin.name, licence: origin.license, folder };
  const { license: licence } = await readCardFacts(folder);
  return { part, name: nameOf(folder), licence, folder };
}

/** `.../models--OWNER--NAME/snapshots/COMMIT` is OWNER/NAME. */
function nameOf(folder: string): string {
  const [, owner, name] = /models--([^/]+?)--([^/]+)\/snapshots\//.exec(folder) ?? [];
  return name === undefined ? basename(folder) : `${owner}/${name}`;
}

function cardOf(origins: readonly Origin[]): string {
  const licences = [...new Set(origins.map(({ licence }) => licence))];
  const same = licences.length === 1 ? licences[0] : undefined;
  const hub = origins.filter(({ name }) => name.includes("/")).map(({ name }) => name);
  const head = cardHead({
    library_name: "transformers",
    pipeline_tag: "image-text-to-text",
    license: same,
    base_model: hub.length === 0 ? undefined : hub,
  });
  return [
    head,
    "",
    "# A vision-language model of two halves",
    "",
    "Made by `fovea build`: a pretrained vision tower and a pretrained language model with a fresh projector between them.",
    "The projector is untrained; until it has been trained, the model cannot see.",
    "",
    "| half | model | licence |",
    "| --- | --- | --- |",
    ...origins.map(
      ({ part, name, licence }) =>
        `| ${part} | ${escapeMarkdown(name)} | ${escapeMarkdown(licence ?? "not stated in its folder")} |`,
    ),
    "",
    "Both licences hold for this model. Licence files of the halves, where there are any, are beside this card.",
    "",
  ].join("\n");
}
