/**
 * What a request may give a model at most. Jobs say themselves what they need; here only what any of them could be harmed
 * by is refused: pictures that are none or too large, endless lists, texts and answers.
 */
import { mustBe } from "../../common/errors.ts";
import { checkImage, type RgbImage } from "../../common/image.ts";
import { limits } from "./limits.ts";

/** Throws a UserError for what no job is given. */
export function checkGiven(kind: string, given: unknown): void {
  if (!isRecord(given)) throw mustBe(kind, "what is given", "an object", typeof given);
  const count = { values: 0, text: 0 };
  measure(given, count);
  if (count.values > limits.values)
    throw mustBe(kind, "what is given", `of at most ${limits.values} values`, count.values);
  if (count.text > limits.text)
    throw mustBe(kind, "what is given", `of at most ${limits.text} characters`, count.text);
  const { maxNewTokens } = given;
  if (maxNewTokens !== undefined && !isCount(maxNewTokens, limits.newTokens))
    throw mustBe(kind, "maxNewTokens", `a whole number from 1 to ${limits.newTokens}`, maxNewTokens);
}

interface Count {
  values: number;
  text: number;
}

/** Counts what is in lists and objects; pictures are looked at as a whole. */
function measure(value: unknown, count: Count): void {
  count.values++;
  if (typeof value === "string") count.text += value.length;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  if ("data" in value) checkPicture(value as RgbImage);
  for (const [key, item] of Object.entries(value)) {
    if (!Array.isArray(value)) count.text += key.length;
    measure(item, count);
  }
}

function checkPicture(picture: RgbImage): void {
  if (!(picture.data instanceof Uint8Array))
    throw mustBe("picture", "data", "a Uint8Array", typeof picture.data);
  checkImage("picture", picture);
  const { width, height } = picture;
  if (width * height > limits.pixels)
    throw mustBe("picture", "size", `at most ${limits.pixels / 1e6} million pixels`, `${width} x ${height}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function isCount(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}
