/** Readers with a fault each, which the fuzzer has to notice. */
import { closeSync, lstatSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Place, Reader } from "../../fuzz/reader.ts";

const sound = "a sound text\nof 3 lines,\n\twith 12 words and 0.5 more\n";

/** Reads its seed as it is, and does `wrong` with anything else. */
function planted(wrong: (place: Place) => unknown): Reader {
  return {
    seeds: async () => [{ files: { "a.txt": Buffer.from(sound) } }],
    read: (place) => (isSound(place) ? undefined : wrong(place)),
  };
}

function isSound({ folder }: Place): boolean {
  const path = join(folder, "a.txt");
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && readFileSync(path, "utf8") === sound;
}

const eaten: Buffer[] = [];

export const readers: Readonly<Record<string, Reader>> = {
  throws: planted(() => (undefined as unknown as string).length),
  refuses: { ...planted(() => { throw new Error("bad file"); }), refusal: (error) => (error as Error).message }, // biome-ignore format: one line
  chatters: { ...planted(() => { throw new Error("bad\nfile"); }), refusal: (error) => (error as Error).message }, // biome-ignore format: one line
  loops: planted(() => {
    for (;;);
  }),
  eats: planted(() => {
    for (;;) eaten.push(Buffer.alloc(20_000_000, 1));
  }),
  ends: planted(() => process.exit(3)),
  "comes-loose": planted(() => void Promise.reject(new Error("nobody waits"))),
  "leaves-open": planted(({ folder }) => {
    for (let i = 0; i < 40; i++) openSync(folder, "r");
  }),
  "reads-outside": planted(({ folder }) => readFileSync(join(folder, "../outside/secret.txt"))),
  "writes-outside": planted(({ folder }) => writeFileSync(join(folder, "../stray.txt"), "")),
  closes: planted(({ folder }) => closeSync(openSync(folder, "r"))),
};
