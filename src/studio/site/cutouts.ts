/**
 * Writes the cut-outs that scenes in the page are composed of. The first file is small, so that a scene shows at once: the
 * names that the shipped models know, at the sizes that they were trained on. The second has every name, four times finer in
 * area: what people enlarge.
 */
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { writeFileWhole } from "../../common/files.ts";
import { loadCutOuts } from "../../data/assets/load.ts";
import { packCutOuts } from "../../data/assets/pack.ts";
import { type CutOutFile, cutOutFiles } from "../page/play/scene/cut-out-files.ts";

const compress = promisify(gzip);
const cache = fileURLToPath(new URL("../../../node_modules/.cache/fovea/cutouts/", import.meta.url));

/** Writes all of {@link cutOutFiles} below a folder; what was packed before of the same pictures is copied. */
export async function writeCutOuts(folder: string): Promise<void> {
  const made = await madeOf();
  await mkdir(join(folder, "cutouts"), { recursive: true });
  for (const file of Object.values<CutOutFile>(cutOutFiles)) {
    const kept = join(cache, `${made}-${file.names ?? "all"}-${file.first}`);
    const place = join(folder, file.path);
    const isThere = await cp(kept, place).then(
      () => true,
      () => false,
    );
    if (isThere) continue;
    const packed = await packedFile(file);
    await writeFile(place, packed);
    await mkdir(cache, { recursive: true });
    await writeFileWhole(kept, packed);
  }
}

async function packedFile({ names, first }: CutOutFile): Promise<Buffer> {
  const set = await loadCutOuts(names === undefined ? {} : { names });
  return compress(packCutOuts(set, first), { level: 9 });
}

/** A text that changes with the pictures' package and with the code that reads and packs them. */
async function madeOf(): Promise<string> {
  const assets = new URL("../../data/assets/", import.meta.url);
  const code = ["concepts", "cutout", "decode", "emoji", "pack"].map((name) => new URL(`${name}.ts`, assets));
  const manifest = createRequire(import.meta.url).resolve("@lobehub/fluent-emoji-3d/package.json");
  const hash = createHash("sha256");
  for (const file of [...code, manifest]) hash.update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}
