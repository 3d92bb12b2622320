/**
 * What a request may give a model. Jobs say themselves which values make sense; here what any of them could be harmed by is
 * refused: pictures that are none or too large, endless lists, texts and answers, fields of another type (shapes.ts).
 */
import { mustBe } from "../../common/errors.ts";
import { checkImage, type RgbImage } from "../../common/image.ts";
import type { JobKind } from "../jobs/job.ts";
import { limits } from "./limits.ts";
import { shapes } from "./shapes.ts";

/** Throws a UserError for what this job is never given. */
export function checkGiven(kind: JobKind, given: unknown): void {
  if (!isRecord(given)) throw mustBe(kind, "what is given", "an object", typeof given);
  const count = { values: 0, text: 0 };
  measure(given, count);
  if (count.values > limits.values)
    throw mustBe(kind, "what is given", `of at most ${limits.values} values`, count.values);
  if (count.text > limits.text)
    throw mustBe(kind, "what is given", `of at most ${limits.text} characters`, count.text);
  const { error } = shapes[kind].safeParse(given);
  if (error === undefined) return;
  const [{ path, message }] = error.issues;
  throw mustBe(kind, path.join("."), message, valueAt(given, path));
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

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (value, key) => (value as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key],
    given,
  );
}
