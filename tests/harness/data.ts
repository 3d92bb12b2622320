import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Question } from "../../src/data/example.ts";
import { rowLine } from "../../src/data/imagefolder/schema.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "fovea-harness-"));
}

/** An image folder of `count` pictures of 40 x 20 pixels with one question each; question i has answer A, B, C or D. */
export async function dataFolder(count: number, more: Partial<Question> = {}): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "images"));
  const lines = [];
  for (let i = 0; i < count; i++) {
    const fileName = `images/${i}.png`;
    const data = Uint8Array.from({ length: 40 * 20 * 3 }, (_, p) => (p * 7 + i * 31) % 256);
    await writeFile(join(folder, fileName), await encodePng({ width: 40, height: 20, data }));
    const question = {
      task: "line-tracing",
      question: `which end does line ${i} reach ?`,
      answer: "ABCD"[i % 4],
      answerType: "label",
      choices: ["A", "B", "C", "D"],
      regions: [],
      difficulty: { crossings: i % 3 },
      ...more,
    } as const;
    lines.push(rowLine({ fileName, id: `item-${i}`, questions: [question], concepts: [] }));
  }
  await writeFile(join(folder, "metadata.jsonl"), `${lines.join("\n")}\n`);
  return folder;
}
