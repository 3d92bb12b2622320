/** What a run shows of its probe pictures: their lens and attention maps, kept in `probes.jsonl` as it learns. */
import { isAbsolute, join } from "node:path";
import { readImage } from "#pictures";
import { UserError } from "../../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../../common/image.ts";
import type { Example } from "../../data/example.ts";
import type { HostArray } from "../../engine/host.ts";
import type { Machine } from "../../engine/runtime/runtime.ts";
import { unionCoverage } from "../../grounding/coverage.ts";
import type { Region } from "../../grounding/region.ts";
import { encodePng } from "../../hub/image/image-file.ts";
import { resize } from "../../hub/image/resample.ts";
import { attentionMaps } from "../../lens/attention.ts";
import { lensMaps } from "../../lens/logit-lens.ts";
import { programCache, type Vlm } from "../../vlm/open.ts";
import type { TrainConfig } from "../config/config.ts";
import { openProbeFile } from "../report/probe-file.ts";
import { type ProbeMaps, type ProbePicture, packShares, toBase64 } from "../report/probe-lines.ts";
import type { Named } from "../step/trees.ts";
import type { Start } from "./start.ts";

/** A picture, and what is looked for in it. */
interface Probe {
  readonly id: string;
  readonly image: RgbImage;
  readonly concept?: string;
  readonly question?: string;
  /** Where the concept shows and what the answer follows from; undefined where nobody knows. */
  readonly regions?: readonly Region[];
  readonly evidence?: readonly Region[];
}

export interface RunProbes {
  /** Whether maps are made after a step. */
  isDue(step: number): boolean;
  /** Makes the maps of the model with these values and keeps them. */
  look(step: number, trained: Named<HostArray>): Promise<void>;
}

/** Longest side of a kept picture. */
const SIDE = 256;
/** Most tokens of an answer. */
const ANSWER = 8;

/** Undefined where the config asks for none. `step`: those that are done already. */
export async function openProbes(
  config: TrainConfig,
  start: Start,
  examples: readonly Example[],
  options: {
    readonly out: string;
    readonly folder: string;
    readonly step: number;
    readonly machine: Machine;
  },
): Promise<RunProbes | undefined> {
  const { probes, steps, evalEvery } = config.train;
  if (probes === null) return undefined;
  const chosen = await probesOf(probes.pictures, examples, options.folder);
  const programs = programCache({ machine: options.machine });
  const modelWith = (trained: Named<HostArray>): Vlm => modelOf(start, programs, trained, options.out);
  const begun = modelWith(start.trained);
  const able =
    probes.pictures === "held-out" ? await Promise.all(chosen.map((one) => possible(begun, one))) : chosen;
  const pictures: ProbePicture[] = [];
  for (const probe of able) pictures.push(await pictureOf(begun, probe));
  const line = { kind: "pictures", version: 1, pictures } as const;
  const file = await openProbeFile(join(options.out, "probes.jsonl"), line, options.step);
  const every = probes.every ?? evalEvery;
  return {
    isDue: (step) => step === 0 || step === steps || (every > 0 && step % every === 0),
    async look(step, trained) {
      const model = modelWith(trained);
      const maps: ProbeMaps[] = [];
      for (const probe of able) maps.push(await mapsOf(model, probe));
      await file.write({ kind: "maps", step, maps });
    },
  };
}

type Chosen = NonNullable<TrainConfig["train"]["probes"]>["pictures"];

async function probesOf(chosen: Chosen, examples: readonly Example[], folder: string): Promise<Probe[]> {
  if (chosen === "held-out") return examples.map(probeOf);
  const read = chosen.map(async ({ picture, ...asked }) => ({
    id: picture,
    image: await readImage(isAbsolute(picture) ? picture : join(folder, picture)),
    ...asked,
  }));
  return Promise.all(read);
}

/** The first concept that shows and the first question with evidence, or without. */
function probeOf({ id, image, concepts, questions }: Example): Probe {
  const shown = concepts.find(({ regions }) => regions.length > 0) ?? concepts[0];
  const asked = questions.find(({ regions }) => regions.length > 0) ?? questions[0];
  return {
    id,
    image,
    ...(shown && { concept: shown.word, regions: shown.regions }),
    ...(asked && { question: asked.question, evidence: asked.regions }),
  };
}

/** Without what the model has no words or no room for: of the data's own examples, that is no mistake. */
async function possible(model: Vlm, probe: Probe): Promise<Probe> {
  const { concept, question, ...rest } = probe;
  const works = (part: Pick<Probe, "concept" | "question">) =>
    mapsOf(model, { ...rest, ...part }).then(
      () => part,
      (error) => {
        if (error instanceof UserError) return {};
        throw error;
      },
    );
  const [named, asked] = [concept && { concept }, question && { question }];
  return { ...rest, ...(named && (await works(named))), ...(asked && (await works(asked))) };
}

function modelOf(
  { family, tools, asking, filled }: Start,
  programs: Vlm["programs"],
  trained: Named<HostArray>,
  out: string,
): Vlm {
  const { facts } = family;
  const { chat, reader } = tools;
  const params = filled(trained);
  return {
    name: "probes",
    folder: out,
    family,
    facts,
    chat,
    reader,
    asking,
    params,
    programs,
    repetitionPenalty: 1,
  };
}

async function pictureOf(model: Vlm, probe: Probe): Promise<ProbePicture> {
  const { id, concept, question, regions, evidence } = probe;
  const { geometry } = await lensMaps(model, probe.image, concept === undefined ? [] : [concept]);
  const small = reduced(probe.image, SIDE);
  return {
    id,
    png: toBase64(await encodePng(small)),
    geometry: geometryOn(small, geometry),
    ...(concept !== undefined && { concept }),
    ...(question !== undefined && { question }),
    ...(regions && { conceptShares: packShares(unionCoverage(regions, geometry)) }),
    ...(evidence && { evidenceShares: packShares(unionCoverage(evidence, geometry)) }),
  };
}

function reduced(image: RgbImage, side: number): RgbImage {
  const factor = Math.min(1, side / Math.max(image.width, image.height));
  const sized = (length: number) => Math.max(1, Math.round(length * factor));
  return factor === 1 ? image : resize(image, sized(image.width), sized(image.height));
}

/** How maps lie on a picture that was made smaller. */
function geometryOn({ width, height }: RgbImage, geometry: ImageGeometry): ImageGeometry {
  const { original, scaleX, scaleY } = geometry;
  return {
    ...geometry,
    original: { width, height },
    scaleX: (scaleX * original.width) / width,
    scaleY: (scaleY * original.height) / height,
  };
}

async function mapsOf(model: Vlm, { image, concept, question }: Probe): Promise<ProbeMaps> {
  const lens = concept === undefined ? undefined : await lensMaps(model, image, [concept]);
  const attended =
    question === undefined
      ? undefined
      : await attentionMaps(model, image, question, { maxNewTokens: ANSWER });
  return {
    ...(lens && { lens: packShares(lens.layers[lens.layers.length - 1].maps[0]) }),
    ...(attended && {
      answer: attended.answer,
      attention: packShares(attended.tokens[0].layers.at(-1)!.map),
    }),
  };
}
