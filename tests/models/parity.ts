/**
 * Tiny random checkpoints of every family beside what transformers computes with them
 * (`tests/fixtures/models/make.py`, and `tests/fixtures/llava/make.py`: rows of random ids and pixels, without a
 * processor), and how Fovea's results are held against that.
 */
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import type { HostArray } from "../../src/engine/host.ts";
import type { Message } from "../../src/hub/text/chat.ts";
import { openSafetensors } from "../../src/hub/weights/safetensors.ts";
import type { BoundFamily } from "../../src/models/contract/family.ts";
import type { VlmParams } from "../../src/models/contract/parts.ts";
import type { ImageLayout, ModelInputs, RowLayout } from "../../src/models/inputs/inputs.ts";
import { unpadded } from "../../src/models/inputs/rows.ts";
import { familyOf } from "../../src/models/registry.ts";
import {
  distance,
  type FixtureName,
  fixtureFolder,
  fixtureNames,
  loadFixture,
  plainRows,
} from "./fixture.ts";

const root = new URL("../fixtures/models/", import.meta.url).pathname;

const plainNames: readonly string[] = fixtureNames.map((name) => `llava/${name}`);

/** `<model_type>/<name>` of every fixture with a processor. */
export const processedNames: readonly string[] = folders(root).flatMap((family) =>
  folders(`${root}${family}`).map((name) => `${family}/${name}`),
);

/** Of every fixture. */
export const parityNames: readonly string[] = [...processedNames, ...plainNames];

function folders(path: string): string[] {
  const entries = readdirSync(path, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory() && /^[a-z]/.test(entry.name));
  return names.map(({ name }) => name).sort();
}

/** `expected.json` */
export interface Expected {
  /** Picture files of each row. */
  readonly images: readonly (readonly string[])[];
  /** Each row's chat, answer included. */
  readonly messages: readonly (readonly Message[])[];
  /** As the template renders them: without the answer, and with it. */
  readonly prompts: readonly string[];
  readonly texts: readonly string[];
  readonly imageTokenId: number;
  readonly layout: RowLayout;
  /** Column where the answer begins. */
  readonly answerStart: number;
}

export interface Parity {
  readonly folder: string;
  readonly configJson: { readonly vision_config: Readonly<Record<string, unknown>> };
  /** Largest {@link distance} that counts as equal. */
  readonly tolerance: number;
  readonly family: BoundFamily;
  readonly params: VlmParams<HostArray>;
  readonly inputs: ModelInputs<HostArray>;
  readonly layout: ImageLayout;
  /** Where each row has its images. */
  readonly rows: RowLayout;
  /** Positions [B, S] along the rows. */
  readonly positionIds: HostArray;
  /** [B, P] before the answer. */
  readonly prompts: HostArray;
  /** Names of what transformers computed. */
  readonly names: readonly string[];
  readonly reference: (name: string) => Promise<HostArray>;
}

export async function loadParity(name: string): Promise<Parity> {
  return plainNames.includes(name)
    ? loadPlain(name.slice("llava/".length) as FixtureName)
    : loadProcessed(name);
}

async function loadProcessed(name: string): Promise<Parity> {
  const folder = `${root}${name}/`;
  const { layout, answerStart } = await readExpected(name);
  // The float32 logits of torch itself are up to 1.5e-5 from those in float64 (norms in float32 in both).
  const parity = await load(folder, "expected", layout, 5e-5);
  const { segmentIds } = parity.inputs;
  const [, S] = segmentIds.shape;
  // The prompt is the prefix, the answer its one question's segment: a mask of its own where prompts see themselves.
  segmentIds.data.forEach((_, i) => {
    segmentIds.data[i] = i % S < answerStart ? 0 : 1;
  });
  return { ...parity, prompts: await parity.reference("prompt_ids") };
}

async function loadPlain(name: FixtureName): Promise<Parity> {
  const { rows, inputs } = await loadFixture(name);
  const parity = await load(fixtureFolder(name), "reference", rows, 1e-5);
  return { ...parity, prompts: inputs.inputIds };
}

async function load(folder: string, expected: string, rows: RowLayout, tolerance: number) {
  const configJson = JSON.parse(await readFile(`${folder}config.json`, "utf8"));
  const { family, params } = await familyOf(configJson, `${folder}config.json`).load(folder);
  const file = await openSafetensors(`${folder}${expected}.safetensors`);
  const reference = (tensor: string) => file.read(tensor);
  const plain = plainRows(await reference("pixel_values"), await reference("input_ids"));
  return {
    folder,
    configJson,
    tolerance,
    family,
    params,
    ...unpadded({ family }, plain, rows),
    rows,
    positionIds: plain.positionIds,
    names: [...file.tensors.keys()],
    reference,
  };
}

/** What the processor is given, and where its image tokens are. */
export async function readExpected(name: string): Promise<Expected> {
  return JSON.parse(await readFile(`${root}${name}/expected.json`, "utf8"));
}

/**
 * {@link compare} of [B, P, Dv] patches of rows, or [B x images, P, Dv] where a tower takes pictures one by one:
 * they come in the same order.
 */
export async function comparePatches(parity: Parity, actual: HostArray, name: string): Promise<void> {
  const { shape } = await parity.reference(name);
  const [images, patches, width] = actual.shape;
  expect([(images * patches) / shape[0], width], name).toEqual(shape.slice(1));
  await compare(parity, { ...actual, shape }, name);
}

/** Expects the shape and the values (see {@link distance}) that transformers has under this name. */
export async function compare(
  { reference, tolerance }: Parity,
  actual: HostArray,
  name: string,
): Promise<void> {
  const want = await reference(name);
  expect(actual.shape, name).toEqual(want.shape);
  expect(distance(actual.data, want.data), name).toBeLessThan(tolerance);
}

/** {@link compare} of arrays with `name.0`, `name.1`, ...: as many as transformers has. */
export async function compareEach(
  parity: Parity,
  actual: readonly HostArray[],
  name: string,
  one = compare,
): Promise<void> {
  const wanted = parity.names.filter((other) => other.startsWith(`${name}.`));
  expect(actual.length, name).toBe(wanted.length);
  for (const [i, array] of actual.entries()) await one(parity, array, `${name}.${i}`);
}

/** [B, S] as B lists. */
export function rowsOf({ shape: [B, S], data }: HostArray): number[][] {
  return Array.from({ length: B }, (_, b) => [...data.slice(b * S, (b + 1) * S)] as number[]);
}
