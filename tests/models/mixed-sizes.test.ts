/** Rows with images of different sizes in one batch: every family gives each row what it gets alone. */
import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { HostArray } from "../../src/engine/host.ts";
import { GENERATOR_PROGRAMS } from "../../src/models/generate/generate.ts";
import { imagePlaces, stretchedRoom, tightRoom, unionRoom } from "../../src/models/inputs/padding.ts";
import { padRows, type Row } from "../../src/models/inputs/rows.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";
import { type Prompt, promptFor, promptOf, promptRow } from "../../src/vlm/prompt.ts";
import { testPicture } from "../lens/tiny-model.ts";

const folders = [
  "llava/clip-mistral",
  "qwen2_5_vl/windows",
  "qwen3_vl/deepstack",
  "smolvlm/tiles",
  "idefics3/tiles",
  "paligemma/gemma",
];

/** Wide, tall, square, and larger than the others. */
const pictures = [testPicture(96, 40), testPicture(40, 96), testPicture(64, 64), testPicture(200, 120)];
const questions = ["a", "what is it ?", "a b c d e f g", "where"];

interface Found {
  readonly logits: HostArray;
  readonly taps: {
    readonly hiddenStates: readonly HostArray[];
    readonly imageLogAttentionRows: readonly HostArray[];
  };
}

function rowOf({ prefix, question, layout, image }: Prompt): Row {
  const ids = [...prefix, ...question];
  const segments = ids.map((_, i) => (i < prefix.length ? 0 : 1));
  return { ids, positions: [...ids.keys()], segments, layout, images: [image] };
}

/** Logits, last hidden states and attention of each row's last token, rows together in a room of their own. */
async function pass(model: Vlm, rows: readonly Row[], stretch: boolean) {
  const { family } = model;
  const rule = family.pixels;
  const union = unionRoom(rows.map(({ layout, ids }) => tightRoom({ layout, length: ids.length }, rule)));
  const room = stretch ? stretchedRoom(union, rule, { gaps: true }) : union;
  const { inputs, columns } = padRows(model, rows, room, { rows: rows.length, pad: 0 });
  const last = columns.map((own) => own[own.length - 1]);
  const queries = { dtype: "int32", shape: [rows.length, 1], data: Int32Array.from(last) } as HostArray;
  const fn = (params: never, batch: never, queryPositions: never) =>
    family.forward(params, batch, {
      layout: room.layout,
      taps: ["hiddenStates", "imageLogAttentionRows"],
      queryPositions,
    });
  const program = await compile<Found>(fn as never, [model.params, inputs, queries] as never);
  const found = await program.run(model.params, inputs, queries);
  await program.dispose();
  const S = room.length;
  return rows.map(({ layout }, b) => {
    const places = imagePlaces(layout, room.layout);
    const attention = found.taps.imageLogAttentionRows.map(({ data, shape: [, H, , N] }) =>
      Array.from({ length: H }, (_, h) => places.map((place) => Math.exp(data[(b * H + h) * N + place]))),
    );
    const V = found.logits.shape[2];
    const logits = columns[b].map((column) =>
      found.logits.data.slice((b * S + column) * V, (b * S + column + 1) * V),
    );
    return { attention, logits };
  });
}

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);
}

describe.each(folders)("images of different sizes, %s", async (folder) => {
  const model = await openVlm(`tests/fixtures/models/${folder}`);
  const prompts = pictures.map((picture, i) => promptOf(model, picture, questions[i]));

  it("measures an image without its pixels as it sees it", () => {
    for (const picture of pictures) {
      const seen = model.reader.preprocess(picture);
      const measured = model.reader.measure({ width: picture.width, height: picture.height });
      expect(measured.ids).toEqual(seen.ids);
      expect(measured.shape).toEqual(seen.shape);
    }
  });

  it.each([false, true])("computes in one batch what each row gets alone, stretched: %s", async (stretch) => {
    const rows = prompts.map(rowOf);
    const together = await pass(model, rows, stretch);
    for (const [b, row] of rows.entries()) {
      const [alone] = await pass(model, [row], false);
      for (const [i, logits] of alone.logits.entries())
        expect(worst(together[b].logits[i], logits)).toBeLessThan(1e-5);
      for (const [l, heads] of alone.attention.entries())
        for (const [h, map] of heads.entries()) {
          expect(worst(together[b].attention[l][h], map)).toBeLessThan(1e-5);
          expect(map.reduce((sum, x) => sum + x)).toBeCloseTo(1, 4);
        }
    }
  });

  it("generates in one batch what each prompt gives alone, those about one image together", async () => {
    const options = { maxNewTokens: 5, eosTokenIds: [], imageAttention: true };
    const generator = model.family.createGenerator(options);
    const more = ["a b", "is it ?"].map((question) => promptFor(model, prompts[1].image, question));
    const rows = [...prompts, ...more].map(promptRow);
    const together = await generator.generate(model.params as never, rows);
    for (const [i, row] of rows.entries()) {
      const [alone] = await generator.generate(model.params as never, [row]);
      expect(together[i].tokens).toEqual(alone.tokens);
      for (const [t, layers] of alone.imageAttention.entries())
        for (const [l, { shape, data }] of layers.entries()) {
          expect(together[i].imageAttention[t][l].shape).toEqual(shape);
          expect(worst(together[i].imageAttention[t][l].data, data)).toBeLessThan(1e-5);
        }
    }
    await generator.dispose();
  });
});

it("holds few programs for prompts and pictures of many sizes, and answers as before they were dropped", async () => {
  const model = await openVlm("tests/fixtures/models/qwen2_5_vl/windows");
  const options = { maxNewTokens: 2, eosTokenIds: [] };
  const generator = model.family.createGenerator(options);
  const row = (i: number) =>
    promptRow(promptOf(model, testPicture(32 + 24 * i, 40 + 16 * (i % 5)), "a ".repeat(1 + 6 * (i % 7))));
  const answers: (readonly number[])[] = [];
  for (let i = 0; i < 24; i++)
    answers.push((await generator.generate(model.params as never, [row(i)]))[0].tokens);
  expect(generator.programs).toBeLessThanOrEqual(GENERATOR_PROGRAMS);
  expect((await generator.generate(model.params as never, [row(0)]))[0].tokens).toEqual(answers[0]);
  await generator.dispose();
  expect(generator.programs).toBe(0);
});
