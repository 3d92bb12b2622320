/** How much each patch matters for each token of an answer, by gradients of attention: see relevance-pass.ts. */
import { mustBe } from "../common/errors.ts";
import type { ImageGeometry, RgbImage } from "../common/image.ts";
import { type HostArray, int32 } from "../engine/host.ts";
import { type Display, displayed } from "../models/inputs/images.ts";
import { imageSpans, layoutKey } from "../models/inputs/layout.ts";
import { answerText, greedyAnswer } from "../vlm/answer.ts";
import { runOn, type Vlm } from "../vlm/open.ts";
import { globalIn, type PackedRows, shownIn } from "../vlm/pack.ts";
import { answerRoom, promptOf } from "../vlm/prompt.ts";
import { type AttendedToken, answeredRow, type Displays, saidTokens } from "./attention.ts";
import { readable } from "./findings.ts";
import { type KnockOut, promptKnockOutIfAny, rowKnockOut } from "./knock-out.ts";
import { relevanceOf } from "./relevance-pass.ts";

/** Answer and knock-out of {@link relevanceMaps}. */
export interface RelevanceOptions {
  /** Most tokens of the answer, its end among them; default 16. */
  readonly maxNewTokens?: number;
  readonly knockOut?: KnockOut;
}

/** One token of an answer, and what mattered for it. */
export interface RelevantToken extends Pick<AttendedToken, "id" | "token" | "text"> {
  /** Share of all positions' relevance that lies on the image. */
  readonly share: number;
  /** [N] relevance of the image tokens, with sum 1 (of a tiled picture together with `global`); zeros where none matters. */
  readonly map: Float32Array;
  /** The same over the view of the whole picture that comes after tiles. */
  readonly global?: Float32Array;
}

/** What {@link relevanceMaps} gives. */
export interface RelevanceResult {
  readonly question: string;
  readonly answer: string;
  readonly ended: boolean;
  readonly geometry: ImageGeometry;
  readonly tiles: Display["tiles"];
  readonly globalGeometry?: ImageGeometry;
  readonly tokens: readonly RelevantToken[];
}

/** Values of all attention patterns of a row that are held at once at most: 1 GiB, and as much for their gradients. */
const mostValues = 2 ** 28;

/**
 * Answers a question by greedy generation, and tells for each token of the answer how much each patch mattered for its logit: one
 * pass and its gradients a token. Throws a UserError where the patterns of picture and question would take too much memory.
 */
export async function relevanceMaps(
  model: Vlm,
  image: RgbImage,
  question: string,
  { maxNewTokens = 16, knockOut }: RelevanceOptions = {},
): Promise<RelevanceResult> {
  const prompt = promptOf(model, image, question);
  const room = answerRoom("relevance", model, prompt, maxNewTokens);
  const hidden = promptKnockOutIfAny("relevance", model, prompt, knockOut);
  const answer = await greedyAnswer(model, prompt, room, hidden);
  const rows = answeredRow(model, prompt, answer, room);
  mustFit(model, rows);
  const more = hidden === undefined ? [] : [rowKnockOut(hidden, rows, prompt)];
  const [display, global] = [shownIn(rows, 0, prompt.image), globalIn(rows, 0, prompt.image)];
  const tokens: RelevantToken[] = [];
  for (const [r, id] of saidTokens(model, answer).entries()) {
    const position = int32([1, 1], [rows.answers[0][0][r]]);
    const args = [rows.inputs, position, int32([1], [id]), ...more];
    const fn = relevanceOf(model, rows.layout);
    const row = await runOn<HostArray>(model, `relevance, ${layoutKey(rows.layout)}`, fn, args);
    tokens.push({ ...named(model, id), ...mapsOf(row, rows, { display, global }) });
  }
  return {
    question,
    answer: answerText(model, answer.ids),
    ended: answer.ended,
    geometry: display.geometry,
    tiles: display.tiles,
    ...(global !== undefined && { globalGeometry: global.geometry }),
    tokens,
  };
}

function mustFit({ facts, name }: Vlm, { inputs }: PackedRows): void {
  const [, S] = inputs.inputIds.shape;
  const values = facts.attentionLayers.length * facts.heads * S * S;
  if (values <= mostValues) return;
  const most = Math.floor(Math.sqrt(mostValues / (facts.attentionLayers.length * facts.heads)));
  throw mustBe("relevance", "picture and question", `of at most ${most} tokens for ${name}`, S);
}

function named(model: Vlm, id: number): Pick<RelevantToken, "id" | "token" | "text"> {
  const token = model.chat.tokenizer.token(id) ?? "";
  return { id, token, text: token === "" ? "" : readable(token) };
}

/** A row [1, S] as maps over the image. */
function mapsOf({ data }: HostArray, { layout }: PackedRows, { display, global }: Displays) {
  const all = data as Float32Array;
  const onImage = imageSpans(layout).flatMap(({ start, length }) => [...all.subarray(start, start + length)]);
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
  const [image, whole] = [sum(onImage), sum(all)];
  const normed = onImage.map((value) => (image > 0 ? value / image : 0));
  return {
    share: whole > 0 ? image / whole : 0,
    map: displayed(normed, display),
    ...(global !== undefined && { global: displayed(normed, global) }),
  };
}
