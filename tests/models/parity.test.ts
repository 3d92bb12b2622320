import { beforeAll, describe, expect, it } from "vitest";
import { type NdArray, valueAndGrad } from "../../src/engine/array.ts";
import { compile } from "../../src/engine/compile.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { openText, readFolderFiles, type TextTools } from "../../src/hub/folder.ts";
import { readImage } from "../../src/hub/image/image-file.ts";
import { encodePrompt, renderPrompt } from "../../src/hub/text/chat.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import type { Generation } from "../../src/models/contract/generation.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import { imageTokensOf, type ProcessedImage } from "../../src/models/inputs/images.ts";
import type { ModelInputs } from "../../src/models/inputs/inputs.ts";
import { placeImages } from "../../src/models/inputs/layout.ts";
import { nextTokenLoss, promptRows } from "./fixture.ts";
import {
  compare,
  compareEach,
  comparePatches,
  type Expected,
  loadParity,
  type Parity,
  parityNames,
  processedNames,
  readExpected,
  rowsOf,
} from "./parity.ts";

const taps = [
  "patchEmbeddings",
  "visionHiddenStates",
  "imageFeatures",
  "deepFeatures",
  "hiddenStates",
  "attentions",
] as const;

interface Outputs {
  readonly logits: HostArray;
  readonly taps: { readonly [T in (typeof taps)[number]]: HostArray & readonly HostArray[] };
}

describe.each(parityNames)("%s against transformers", (name) => {
  let parity: Parity;

  beforeAll(async () => {
    parity = await loadParity(name);
  });

  describe("the forward pass", () => {
    let outputs: Outputs;

    beforeAll(async () => {
      const { family, layout, params, inputs } = parity;
      const fn = (tree: VlmParams, rows: ModelInputs) => family.forward(tree, rows, { layout, taps });
      const program = await compile<Outputs>(fn, [params, inputs]);
      outputs = await program.run(params, inputs);
      await program.dispose();
    });

    it("embeds patches", () => comparePatches(parity, outputs.taps.patchEmbeddings, "patch_embeddings"));
    it("gives every hidden state of the vision tower", () =>
      compareEach(parity, outputs.taps.visionHiddenStates, "vision_hidden_states", comparePatches));
    it("gives the image tokens", () => compare(parity, outputs.taps.imageFeatures, "image_features"));
    it("gives what is added to them in the decoder", () =>
      compareEach(parity, outputs.taps.deepFeatures, "deepstack_features"));
    it("gives every hidden state of the decoder", () =>
      compareEach(parity, outputs.taps.hiddenStates, "hidden_states"));
    it("gives every attention pattern", () => compareEach(parity, outputs.taps.attentions, "attentions"));
    it("gives the logits", () => compare(parity, outputs.logits, "logits"));
  });

  it("gives the loss and its gradient for every parameter", async () => {
    const { family, layout, params, inputs, names, reference } = parity;
    const labels = await reference("labels");
    const step = (tree: VlmParams, rows: ModelInputs, targets: NdArray) => {
      const loss = (p: VlmParams): [NdArray, object] => [
        nextTokenLoss(family.forward(p, rows, { layout }).logits as NdArray, targets),
        {},
      ];
      const [[value], gradients] = valueAndGrad(loss)(tree);
      return { value, gradients };
    };
    const program = await compile<{ value: HostArray; gradients: VlmParams<HostArray> }>(step, [
      params,
      inputs,
      labels,
    ]);
    const { value, gradients } = await program.run(params, inputs, labels);
    await program.dispose();
    expect(value.data[0]).toBeCloseTo((await reference("loss")).data[0] as number, 4);
    const found = family.toNamed(gradients);
    const wanted = names.filter((other) => other.startsWith("grad."));
    for (const grad of wanted) {
      const gradient = found[grad.slice("grad.".length)];
      // What the image tokens do not need (a tower's last norm, a pooling head) may be no parameter here.
      if (gradient === undefined)
        expect(
          (await reference(grad)).data.every((x) => x === 0),
          grad,
        ).toBe(true);
      else await compare(parity, gradient, grad);
    }
    expect(wanted).toEqual(expect.arrayContaining(Object.keys(found).map((own) => `grad.${own}`)));
  });

  it("generates the same tokens greedily", async () => {
    const { family, params, rows, inputs, prompts, reference } = parity;
    const wanted = rowsOf(await reference("generated"));
    const generator = family.createGenerator({ maxNewTokens: wanted[0].length, eosTokenIds: [] });
    let answers: Generation[];
    try {
      answers = await generator.generate(
        params,
        promptRows(rowsOf(prompts), rows, inputs.pixelValues as HostArray, family.pixels),
      );
    } finally {
      await generator.dispose();
    }
    expect(answers.map(({ tokens }) => tokens)).toEqual(wanted);
  });

  it("keeps tensor names of a checkpoint", async () => {
    const stored = await openSafetensors(`${parity.folder}model.safetensors`);
    const names = Object.keys(parity.family.toNamed(parity.params));
    expect([...stored.tensors.keys()]).toEqual(expect.arrayContaining(names));
  });
});

describe.each(processedNames)("the processor of %s", (name) => {
  let parity: Parity;
  let expected: Expected;
  let text: TextTools;
  let seen: ProcessedImage[][];

  beforeAll(async () => {
    parity = await loadParity(name);
    expected = await readExpected(name);
    const { folder, family } = parity;
    const files = await readFolderFiles(folder);
    const { imageTokenId } = expected;
    text = openText(files, folder, { imageTokenId, chatTemplate: family.chatTemplate });
    const reader = family.openReader(files, text.tokenizer, folder);
    const see = async (file: string) => reader.preprocess(await readImage(`${folder}${file}`));
    seen = await Promise.all(expected.images.map((row) => Promise.all(row.map(see))));
  });

  it("gives the same pixel values", async () => {
    const want = await parity.reference("pixel_values");
    const all = seen.flat().map(({ pixelValues }) => pixelValues);
    const [, ...one] = want.shape;
    for (const { shape } of all) expect(shape.slice(1)).toEqual(one);
    expect(all.flatMap(({ data }) => [...data])).toEqual([...want.data]);
  });

  it("renders chats as Jinja does", () => {
    const { messages, prompts, texts } = expected;
    for (const [row, chat] of messages.entries()) {
      expect(renderPrompt(text.chat, chat)).toBe(texts[row]);
      expect(renderPrompt(text.chat, chat.slice(0, -1), { addGenerationPrompt: true })).toBe(prompts[row]);
    }
  });

  it("gives the same token ids", async () => {
    const { messages } = expected;
    const images = seen.map((row) => row.map(({ ids }) => ids));
    const whole = messages.map((chat, row) => encodePrompt(text.chat, chat, { images: images[row] }));
    const asked = messages.map((chat, row) =>
      encodePrompt(text.chat, chat.slice(0, -1), { images: images[row], addGenerationPrompt: true }),
    );
    expect(whole).toEqual(rowsOf(await parity.reference("input_ids")));
    expect(asked).toEqual(rowsOf(await parity.reference("prompt_ids")));
  });

  it("places the image tokens in the same columns", async () => {
    const { imageTokenId, layout } = expected;
    expect(parity.family.facts.imageTokenId).toBe(imageTokenId);
    for (const [row, ids] of rowsOf(await parity.reference("input_ids")).entries()) {
      const sizes = seen[row].map((image) => ({ tokens: imageTokensOf(image), shape: image.shape }));
      expect(placeImages(ids, imageTokenId, sizes)).toEqual(layout);
    }
  });

  it("gives the rotary positions", async () => {
    const want = await parity.reference("position_ids");
    const { positionIds } = parity.inputs;
    expect(positionIds.shape).toEqual(want.shape);
    expect([...positionIds.data]).toEqual([...want.data]);
  });
});
