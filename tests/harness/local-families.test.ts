/** Questions that are answered together get the answers that each gets alone, for every family, through the harness. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { LocalOptions } from "../../src/harness/providers/local.ts";
import { openProvider } from "../../src/harness/providers/open.ts";
import type { Ask, Picture, Reply } from "../../src/harness/providers/provider.ts";
import { encodePng } from "../../src/hub/image/image-file.ts";
import { testPicture } from "../lens/tiny-model.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const never = new AbortController().signal;

async function pngOf(width: number, height: number): Promise<Picture> {
  const bytes = await encodePng(testPicture(width, height));
  return { bytes, mediaType: "image/png", width, height };
}

const [wide, tall] = [await pngOf(60, 40), await pngOf(30, 50)];

/** Of two pictures and of several lengths, the pictures' questions among each other. */
const asks: Ask[] = [
  [wide, "What is it?"],
  [tall, "Where is the cat?"],
  [wide, "Where is the cat, on the box or beside the cup?"],
  [tall, "Is it red?"],
  [wide, "Is it red?"],
].map(([image, prompt]) => ({ image: image as Picture, prompt: prompt as string, maxOutputTokens: 5 }));

async function replies(folder: string, options: LocalOptions): Promise<Reply[]> {
  const provider = await openProvider(folder, options);
  try {
    return await Promise.all(asks.map((ask) => provider.ask(ask, never)));
  } finally {
    await provider.close();
  }
}

async function expectSameTogether(folder: string, options: LocalOptions): Promise<Reply[]> {
  const together = await replies(folder, { ...options, batch: asks.length });
  expect(together).toEqual(await replies(folder, { ...options, batch: 1 }));
  expect(new Set(together.map(({ text }) => text)).size).toBeGreaterThan(1);
  return together;
}

const names = [
  "llava/siglip-qwen2",
  "qwen2_5_vl/windows",
  "qwen3_vl/deepstack",
  "smolvlm/tiles",
  "idefics3/tiles",
  "paligemma/gemma",
];

describe.each(names)("questions asked together of %s", (name) => {
  it.each(["memory", "int8"] as const)("are answered as each alone, with weights in %s", async (weights) => {
    await expectSameTogether(fixture(`models/${name}`), { weights });
  });
});

it.each([
  ["llava", "llava/siglip-qwen2"],
  ["qwen3_vl", "qwen3_vl/deepstack"],
])(
  "questions asked together of an adapter on %s are answered as each alone, and not as the base",
  async (name, base) => {
    const adapted = await expectSameTogether(fixture(`lora/${name}`), {});
    expect(adapted).not.toEqual(await replies(fixture(`models/${base}`), {}));
  },
);
