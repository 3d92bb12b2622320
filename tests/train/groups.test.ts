import { expect, it } from "vitest";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import { type Part, partOf } from "../../src/train/step/groups.ts";
import { processedNames } from "../models/parity.ts";

const folder = (name: string) => new URL(`../fixtures/models/${name}/`, import.meta.url).pathname;

/** What tells a part in every family's names, more loosely than `partOf` does. */
const marks: Record<Part, RegExp> = {
  projector: /projector|connector|merger/,
  vision: /vision|visual/,
  embeddings: /embed_tokens|lm_head/,
  decoder: /layers|norm/,
};

it.each(processedNames)("every tensor of %s belongs to a part, and every part has some", async (name) => {
  const { tensors } = await openSafetensors(`${folder(name)}model.safetensors`);
  const found = [...tensors.keys()].map((tensor) => [tensor, partOf(tensor)] as const);
  for (const [tensor, part] of found) {
    const first = Object.entries(marks).find(([, mark]) => mark.test(tensor));
    expect(part, tensor).toBe(first?.[0]);
  }
  expect(new Set(found.map(([, part]) => part))).toEqual(new Set(Object.keys(marks)));
});
