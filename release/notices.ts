/** The licences of packages that are part of a bundle, as one text that goes with it. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readManifest, root } from "./lock.ts";

const texts = /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i;

/** `inputs`: paths of the bundled files from the root of the project. Throws for a package without a licence. */
export async function noticesOf(inputs: readonly string[]): Promise<string> {
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const parts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = readManifest(folder) ?? {};
    if (typeof license !== "string") throw new Error(`${folder} has no licence`);
    return [`${name} ${version}: ${license}`, ...(await licenceTexts(join(root, folder)))].join("\n\n");
  });
  return `This bundle holds work of others:\n\n${(await Promise.all(parts)).join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

async function licenceTexts(folder: string): Promise<string[]> {
  const names = existsSync(folder) ? await readdir(folder) : [];
  const files = names.filter((name) => texts.test(name)).sort();
  return Promise.all(files.map(async (name) => (await readFile(join(folder, name), "utf8")).trim()));
}
