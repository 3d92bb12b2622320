/** Tells at which layer a picture's image tokens begin to say a word, and draws where the last layer says it. */
import { mkdir } from "node:fs/promises";
import { conceptMap, lensMaps, openVlm, paintOver, readImage, UserError, writePng } from "fovea";
import { peakOf } from "fovea/lens";

async function main([folder, file, ...words]: readonly string[]): Promise<void> {
  if (words.length === 0) throw new UserError("usage: node lens.ts MODEL PICTURE WORD ...");
  const model = await openVlm(folder);
  const picture = await readImage(file);
  const { concepts, geometry, layers } = await lensMaps(model, picture, words);
  await mkdir("out", { recursive: true });
  for (const [k, { word }] of concepts.entries()) {
    // One line a word: the highest probability of any image token, layer by layer from the decoder's input on.
    const peaks = layers.map(({ maps }) => peakOf(maps[k], geometry));
    const { value, row, column } = peaks[peaks.length - 1];
    const place = value >= 0.5 ? `at row ${row}, column ${column}` : "nowhere";
    console.log(`${word}: ${peaks.map((peak) => peak.value.toFixed(3)).join(" ")} ${place}`);
    const map = await conceptMap(model, picture, word);
    await writePng(`out/${word}.png`, paintOver(picture, map));
  }
}

await main(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});
