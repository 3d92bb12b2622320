/** The card of a model that an adapter was merged into. */
import { join } from "node:path";
import { readAsking } from "../../answers/asking.ts";
import { writeFileWhole } from "../../common/files.ts";
import { readIfThere } from "../../common/inside.ts";
import { codeSpan, escapeMarkdown, withoutHtml } from "../../common/markdown.ts";
import { portablePath } from "../../common/portable-path.ts";
import { modelFolder } from "../../hub/net/cache.ts";
import { currentCommit, foveaVersion, headOf, licenceLines, pythonLines } from "./card.ts";
import { kindOf, originOf } from "./origin.ts";
import { portableModel } from "./portable.ts";

export interface MergedCard {
  /** Base and adapter as the user gave them. */
  readonly base: string;
  readonly adapter: string;
  /** Where the merged model is going to be. */
  readonly out: string;
  readonly command: string;
}

/** Writes the card of a merged model into `folder`: what its adapter's card says of training and results stays true. */
export async function writeMergedCard(
  folder: string,
  { base, adapter, out, command }: MergedCard,
): Promise<void> {
  const origin = await originOf(base);
  const kind = await kindOf(folder);
  const name = await portableModel(adapter);
  const theirs =
    (await readIfThere(join(await modelFolder(adapter), "README.md"), 2 ** 20).catch(() => "")) ?? "";
  const [, said = ""] = /^# A low-rank adapter for .*, (trained with .*)$/m.exec(theirs) ?? [];
  const trained = said.replaceAll(/\\(?=[^\w\s]|_)/g, ""); // The escapes of that card.
  const title = `${origin.name} with the low-rank adapter ${name} merged in`;
  const text = [
    headOf(kind, origin, "finetune"),
    "",
    `# ${escapeMarkdown([title, trained].filter(Boolean).join(", "))}`,
    "",
    ...licenceLines(origin),
    "",
    ...pythonLines({ model: portablePath(out), prompt: kind.prompt }, await readAsking(folder)),
    "",
    `Merged by ${codeSpan(command)} (Fovea ${await foveaVersion()}, commit ${await currentCommit()}).`,
    ...["Training", "Results", "Config"].flatMap((title) => sectionOf(theirs, title)),
    "",
  ];
  await writeFileWhole(join(folder, "README.md"), text.join("\n"));
}

/** A section of one of our cards, with an empty line before it; nothing where there is none. */
function sectionOf(card: string, title: string): string[] {
  if (!/^tags:(?:\n {2}- .*)*\n {2}- fovea$/m.test(card)) return [];
  const [found] = new RegExp(`^## ${title}\\n[\\s\\S]*?(?=\\n## |$(?![\\s\\S]))`, "m").exec(card) ?? [];
  return found === undefined ? [] : ["", withoutHtml(found.trimEnd())];
}
