/** The report shows, of every question, where the model looks when it is asked that question alone. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { choosePrompts } from "../../src/answers/prompts/chosen.ts";
import { ownTemplates } from "../../src/answers/prompts/templates.ts";
import { localFamily } from "../../src/harness/providers/local.ts";
import type { ItemRecord, RunRecord } from "../../src/harness/record.ts";
import { attentionViews } from "../../src/harness/report/attention-views.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { openVlm } from "../../src/vlm/open.ts";
import { testPicture } from "../lens/tiny-model.ts";
import { inTemporaryFolder } from "../train/support.ts";

const pictures = { "a.png": testPicture(40, 30), "b.png": testPicture(30, 40) };

const itemOf = (id: string, image: keyof typeof pictures, question: string): ItemRecord => ({
  id,
  task: "naming",
  image,
  width: pictures[image].width,
  height: pictures[image].height,
  question,
  answer: "cat",
  answerType: "text",
  regions: [{ kind: "box", box: [0, 0, 20, 20] }],
  difficulty: {},
});

const items = [
  itemOf("0/0", "a.png", "What is it?"),
  itemOf("1/0", "b.png", "Where is the cat?"),
  itemOf("0/1", "a.png", "Where is the dog, on the box?"),
];

it.each(["llava/siglip-qwen2", "paligemma/gemma"])("%s", (name) =>
  inTemporaryFolder(async (parent) => {
    const [data, run] = [join(parent, "data"), join(parent, "run")];
    await mkdir(data);
    await writeFile(join(data, "metadata.jsonl"), "{}\n");
    for (const [file, picture] of Object.entries(pictures))
      await writeFile(join(data, file), await encodePng(picture));
    const dataHash = createHash("sha256").update("{}\n").digest("hex");
    const folder = fileURLToPath(new URL(`../fixtures/models/${name}`, import.meta.url));
    const place = { folder: run, run: { data, dataHash } as RunRecord };
    const asked = { folder, family: "fovea", templates: ownTemplates() };
    const [views] = await attentionViews([asked], items, place);
    const model = await openVlm(folder);
    const prompts = choosePrompts(ownTemplates(), localFamily(model, "fovea"), items);
    for (const item of items) {
      const picture = pictures[item.image as keyof typeof pictures];
      const { tokens } = await attentionMaps(model, picture, prompts.prompt(item), { maxNewTokens: 1 });
      const { values = [] } = views?.get(item.id) ?? {};
      for (const [n, value] of (tokens[0].layers.at(-1)?.map ?? []).entries())
        expect(values[n]).toBeCloseTo(value, 5);
    }
  }),
);
