/** Asks one question about every picture of a folder, and writes where the answers look, layer by layer, as a table. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { attentionMaps, openVlm, readImage, UserError } from "fovea";
import { peakOf } from "fovea/lens";

const columns = ["picture", "answer", "token", "layer", "share_on_image", "peak", "row", "column"];

async function main([folder, question, pictures]: readonly string[]): Promise<void> {
  if (pictures === undefined) throw new UserError("usage: node attention.ts MODEL QUESTION FOLDER");
  const model = await openVlm(folder);
  const table: (string | number)[][] = [columns];
  for (const name of (await readdir(pictures)).sort()) {
    const picture = await readImage(join(pictures, name));
    const { answer, tokens, geometry } = await attentionMaps(model, picture, question);
    for (const { token, layers } of tokens)
      for (const { layer, share, map } of layers) {
        const { value, row, column } = peakOf(map, geometry);
        table.push([name, answer, token, layer, share.toFixed(4), value.toFixed(4), row, column]);
      }
    console.log(`${name}: ${answer}`);
  }
  await writeFile("attention.csv", table.map((row) => `${row.map(cell).join(",")}\n`).join(""));
}

/** Quoted where it holds what parts cells (RFC 4180). */
function cell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

await main(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});
