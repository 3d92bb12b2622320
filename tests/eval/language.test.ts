import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { answersWithoutPicture } from "../../src/eval/language/answers.ts";
import { scoreRow, scoreRowOfBoth, textRows } from "../../src/eval/language/likelihood.ts";
import { languageLines } from "../../src/eval/language/lines.ts";
import { measureLanguage } from "../../src/eval/language/measure.ts";
import { instructions, passages } from "../../src/eval/language/texts.ts";
import { openVlm, type Vlm } from "../../src/vlm/open.ts";

interface Reference {
  readonly text: string;
  readonly ids: number[];
  readonly nats: number;
  readonly halved: number;
}

const file = new URL("../fixtures/language/likelihoods.json", import.meta.url);
const reference: Record<string, Reference[]> = JSON.parse(readFileSync(file, "utf8"));
const open = (name: string) => openVlm(`tests/fixtures/models/${name}`);

describe.each(Object.entries(reference))("texts without a picture, %s", (name, texts) => {
  it("are as likely as transformers says", async () => {
    const model = await open(name);
    for (const { text, ids, nats } of texts) {
      const rows = textRows(model, text);
      expect(rows).toEqual([ids]);
      const score = await scoreRow(model, ids);
      expect(score.tokens).toBe(ids.length - 1);
      expect(score.nats / nats).toBeCloseTo(1, 6);
    }
  });

  it("do not depend on what comes after a token", async () => {
    const model = await open(name);
    const [{ ids }] = texts;
    const other = ids.map((id, i) => (i === ids.length - 1 ? ids[1] : id));
    const whole = await scoreRow(model, ids);
    const cut = await scoreRow(model, ids.slice(0, -1));
    const changed = await scoreRow(model, other);
    expect(cut.nats).toBeLessThan(Math.min(whole.nats, changed.nats));
    const last = (nats: number) => nats - cut.nats;
    const pair = await scoreRowOfBoth(model, model, ids);
    expect(last(pair.model.nats)).toBeCloseTo(last(whole.nats), 3);
  });
});

/** A model whose head gives every token logits that are half as large. */
async function flattened(model: Vlm): Promise<Vlm> {
  const named = { ...model.family.toNamed(model.params) };
  const name = Object.keys(named).find((key) => /final|norm\.weight$/.test(key) && /model\.norm/.test(key));
  if (name === undefined) throw new Error(`no last norm in ${Object.keys(named).join(", ")}`);
  const { data, ...rest } = named[name] as { data: Float32Array; shape: number[]; dtype: "float32" };
  const halved = { ...rest, data: data.map((value) => value / 2) };
  return { ...model, params: model.family.fromNamed({ ...named, [name]: halved }) as Vlm["params"] };
}

describe("language against a model that it was before", () => {
  it("is the same where nothing changed", async () => {
    const model = await open("smolvlm/tiles");
    const data = { texts: passages.slice(0, 3), instructions: instructions.slice(0, 2) };
    const { change, models } = await measureLanguage(model, model, data, { answerTokens: 4 });
    expect(change?.kl?.value).toBeCloseTo(0, 6);
    expect(change?.perplexityRatio?.value).toBeCloseTo(1, 6);
    expect(change?.bitsPerByte.value).toBeCloseTo(0, 6);
    expect(change?.sameAnswers).toBe(2);
    expect(models[0].perplexity.value).toBe(models[1].perplexity.value);
    expect(models[0].answers).toHaveLength(2);
  });

  it("has the divergence of the predictions, from the one before", async () => {
    const before = await open("llava/siglip-qwen2");
    const after = await flattened(before);
    const [{ text, ids, halved }] = reference["llava/siglip-qwen2"];
    const { kl } = await scoreRowOfBoth(before, after, ids);
    expect(kl / halved).toBeCloseTo(1, 5);
    const other = await scoreRowOfBoth(after, before, ids);
    expect(other.kl).not.toBeCloseTo(kl, 3);
    const { change, models } = await measureLanguage(after, before, { texts: [text], instructions: [] });
    const tokens = ids.length - 1;
    expect(change?.kl?.value).toBeCloseTo(kl / tokens, 6);
    const [own, old] = await Promise.all([scoreRow(after, ids), scoreRow(before, ids)]);
    expect(models[1].perplexity.value).toBeCloseTo(Math.exp(old.nats / tokens), 3);
    expect(change?.perplexityRatio?.value).toBeCloseTo(Math.exp((own.nats - old.nats) / tokens), 4);
    const bits = (own.nats - old.nats) / Math.LN2 / new TextEncoder().encode(text).length;
    expect(change?.bitsPerByte.value).toBeCloseTo(bits, 5);
  });

  it("is compared by bytes where the tokens differ", async () => {
    const [a, b] = await Promise.all([open("llava/siglip-qwen2"), open("smolvlm/tiles")]);
    const data = { texts: passages.slice(0, 2), instructions: instructions.slice(0, 1) };
    const report = await measureLanguage(a, b, data, { answerTokens: 2 });
    expect(report.change).toMatchObject({ perplexityRatio: null, kl: null });
    expect(report.change?.bitsPerByte.value).not.toBeNaN();
    expect(languageLines(report, ["a", "b"]).join("\n")).toContain("have different tokens");
  });
});

it("cuts a long text into rows that score each of its tokens once", async () => {
  const model = await open("qwen2_5_vl/windows");
  const text = passages.slice(0, 6).join(" ");
  const rows = textRows(model, text);
  expect(rows.length).toBeGreaterThan(1);
  expect(rows.flatMap((ids) => ids.slice(1))).toEqual(model.chat.tokenizer.encode(text));
  expect(new Set(rows.map(([first]) => first)).size).toBe(1);
});

it("answers together as one by one", async () => {
  const model = await open("qwen3_vl/deepstack");
  const asked = instructions.slice(0, 4);
  const together = await answersWithoutPicture(model, asked, 6);
  const alone = [];
  for (const text of asked) alone.push(...(await answersWithoutPicture(model, [text], 6)));
  expect(together).toEqual(alone);
});

it("says how much of the texts a small vocabulary lacks", async () => {
  const model = await openVlm("checkpoints/full");
  const data = { texts: passages.slice(0, 1), instructions: [] };
  const report = await measureLanguage(model, undefined, data);
  expect(report.models[0].unknown).toBeGreaterThan(50);
  expect(languageLines(report, ["full"])[1]).toMatch(/^full: \d+ of these tokens stand for/);
});

it("brings passages and instructions that are each there once", () => {
  expect(new Set(passages).size).toBe(24);
  expect(new Set(instructions).size).toBe(20);
  for (const text of passages) expect(text.split(" ").length).toBeGreaterThan(80);
});
