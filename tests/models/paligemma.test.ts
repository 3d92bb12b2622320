import { expect, test } from "vitest";
import { familyOf } from "../../src/answers/families.ts";
import { planForAll } from "../../src/data/collate.ts";
import { openEncoder } from "../../src/data/encode.ts";
import { type Example, refOf } from "../../src/data/example.ts";
import { compile } from "../../src/engine/compile.ts";
import { type HostArray, int32 } from "../../src/engine/host.ts";
import { evaluate } from "../../src/eval/evaluate.ts";
import { readImage } from "../../src/hub/image/image-file.ts";
import { attentionMaps } from "../../src/lens/attention.ts";
import { lensMaps } from "../../src/lens/logit-lens.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import type { ModelInputs } from "../../src/models/inputs/inputs.ts";
import { parsePaligemmaConfig } from "../../src/models/paligemma/config.ts";
import { openVlm } from "../../src/vlm/open.ts";
import published from "../fixtures/models/published-configs.json" with { type: "json" };
import { distance } from "./fixture.ts";
import { loadParity } from "./parity.ts";

const folder = new URL("../fixtures/models/paligemma/gemma/", import.meta.url).pathname;
const image = await readImage(`${folder}row-0-image-0.png`);
const asked = (question: string, answer: string) => ({ task: "naming", question, answer, regions: [] });
const example: Example = {
  id: "first",
  image,
  questions: [asked("Where is the cat?", "on the box"), asked("Where is the dog?", "on the cup")],
  concepts: [{ word: "cat", regions: [{ kind: "box", box: [0, 0, 20, 11] }] }],
};

/** How far the hidden states of the image's tokens move when the row's last prompt token is another one. */
async function moved(name: string): Promise<number> {
  const { family, params, inputs, layout, prompts } = await loadParity(name);
  const last = prompts.shape[1] - 1;
  const [B, S] = inputs.inputIds.shape;
  const inputIds = int32([B, S], [...inputs.inputIds.data]);
  for (let b = 0; b < B; b++) inputIds.data[b * S + last] = (inputIds.data[b * S + last] + 1) % 100;
  const fn = (tree: VlmParams, rows: ModelInputs) =>
    family.forward(tree, rows, { layout, taps: ["hiddenStates"], logits: false });
  const program = await compile<{ taps: { hiddenStates: HostArray[] } }>(fn, [params, inputs]);
  const results = await Promise.all(
    [inputs, { ...inputs, inputIds }].map((rows) => program.run(params, rows)),
  );
  await program.dispose();
  const [{ start, length }] = layout.images[0].spans;
  const [before, after] = results.map(({ taps }) => {
    const { data, shape } = taps.hiddenStates[taps.hiddenStates.length - 1];
    return data.slice(start * shape[2], (start + length) * shape[2]);
  });
  return distance(before as Float32Array, after as Float32Array);
}

test("image tokens see the question, which those of other families do not", async () => {
  expect(await moved("paligemma/gemma")).toBeGreaterThan(1e-3);
  expect(await moved("llava/clip-mistral")).toBe(0);
});

test("a row with two questions is refused", async () => {
  const model = await openVlm(folder);
  expect(() => planForAll(model, [example])).toThrow(
    "collate: questions of example first must be at most 1 for a model whose image tokens see the question, got 2",
  );
});

test("the evaluation asks each question in a row of its own", async () => {
  const model = { ...(await openVlm(folder)), asking: familyOf("fovea") };
  const { answers, counts } = await evaluate(model, [example, { ...example, id: "second" }].map(refOf), {
    batch: 3,
  });
  expect(counts).toMatchObject({ images: 2, questions: 4, concepts: 2 });
  const encoder = openEncoder(model);
  const maxNewTokens = Math.max(...example.questions.map((q) => encoder.question(q, image).answer.length));
  const alone = await Promise.all(
    example.questions.map(({ question }) => attentionMaps(model, image, question, { maxNewTokens })),
  );
  const said = alone.map(({ answer }) => answer);
  expect(answers).toEqual([said, said]);
  expect(said[0]).not.toBe(said[1]);
});

test("the lens reads an image under an empty question", async () => {
  const model = await openVlm(folder);
  const { layers } = await lensMaps(model, image, ["cat"]);
  expect(layers.at(-1)?.maps[0].length).toBe(9);
  expect(layers.at(-1)?.maps[0].every((p) => p >= 0 && p <= 1)).toBe(true);
});

test("image tokens must be as wide as the decoder", () => {
  const { config } = published["google/paligemma-3b-pt-224"];
  expect(() => parsePaligemmaConfig({ ...config, projection_dim: 64 }, "c.json")).toThrow(
    "c.json: projection_dim must be text_config.hidden_size (2048), which image tokens must have, got 64",
  );
});

test("the embeddings are tied as the whole model says", () => {
  const { config } = published["google/paligemma-3b-pt-224"];
  const text = { ...config.text_config, tie_word_embeddings: false };
  const tied = (fields: object) =>
    parsePaligemmaConfig({ ...config, ...fields }).textConfig.tieWordEmbeddings;
  expect(tied({ text_config: text })).toBe(true);
  expect(tied({ tie_word_embeddings: false })).toBe(false);
});

test("gelu of a first Gemma means its approximation, of a second itself", () => {
  const { config } = published["google/paligemma-3b-pt-224"];
  const act = (text: object) => parsePaligemmaConfig({ ...config, text_config: text }).textConfig.hiddenAct;
  expect(act({ ...config.text_config, hidden_act: "gelu" })).toBe("gelu_pytorch_tanh");
  const second = { model_type: "gemma2", hidden_size: 2048, num_attention_heads: 8 };
  expect(act({ ...second, hidden_activation: "gelu" })).toBe("gelu");
});
