/**
 * The picture behind an `image_url`: a `data:` URI with base64, or an address where the server was told to
 * fetch them. It is not decoded here: its header says what it is and how large.
 *
 *     imageOf(url, param, rules, signal) -> RequestImage, or an ApiError 400 that names the field
 */
import { BodyTooLarge, readLimited } from "../../common/limited.ts";
import { pictureHeader } from "../../hub/image/image-file.ts";
import { badRequest, quoted } from "../api-error.ts";
import type { ImageRules } from "./limits.ts";

/** A picture as it came, of a known format and size. */
export interface RequestImage {
  readonly type: "image";
  /** The file, alone in its buffer. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly format: string;
  /** In pixels, upright. */
  readonly width: number;
  readonly height: number;
  /** Where it stood in the request. */
  readonly param: string;
}

export async function imageOf(
  url: string,
  param: string,
  rules: ImageRules,
  signal: AbortSignal,
): Promise<RequestImage> {
  const bytes = await bytesOf(url, param, rules, signal);
  const format = formatOf(bytes);
  const readable = formats.includes(format ?? "");
  const header = readable ? await pictureHeader(bytes).catch(() => undefined) : undefined;
  if (header === undefined || header.format !== format) {
    const found =
      format === undefined ? "bytes that are no picture" : `${readable ? "a damaged " : ""}${format}`;
    throw badRequest(`${param}: must hold a PNG, JPEG or WebP picture, got ${found}`, param, "invalid_image");
  }
  const { width, height } = header;
  if (width * height > rules.maxPixels) {
    const most = `at most ${rules.maxPixels / 1e6} million pixels`;
    throw badRequest(`${param}: must have ${most}, got ${width} x ${height}`, param, "image_too_large");
  }
  return { type: "image", bytes, format, width, height, param };
}

const formats: readonly string[] = ["png", "jpeg", "webp"];

/** First bytes in hexadecimal, before any decoder looks at the rest; kinds that are not read are named in errors. */
const signatures: readonly (readonly [string, RegExp])[] = [
  ["png", /^89504e470d0a1a0a/],
  ["jpeg", /^ffd8ff/],
  ["webp", /^52494646.{8}57454250/],
  ["gif", /^47494638/],
  ["bmp", /^424d/],
  ["tiff", /^(49492a00|4d4d002a)/],
  ["avif or heif", /^.{8}66747970/],
  ["svg", /^3c(3f786d6c|737667|21)/],
];

function formatOf(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(16, bytes.length)).toString("hex");
  return signatures.find(([, signature]) => signature.test(start))?.[0];
}

async function bytesOf(
  url: string,
  param: string,
  rules: ImageRules,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (/^data:/i.test(url)) return dataUriBytes(url, param);
  if (!/^https?:/i.test(url))
    throw badRequest(`${param}: must be a data: URI with base64, got ${quoted(url)}`, param);
  if (rules.allowUrls) return fetched(url, param, rules, signal);
  const hint = "send the picture itself as data:image/png;base64,...";
  throw badRequest(`${param}: this server fetches no addresses; ${hint}`, param, "image_url_not_allowed");
}

/** Characters in which the comma of a `data:` URI must come. */
const longestHead = 200;

const dataUri = /^data:(?<type>[^;,]*)(?<parameters>(?:;[^;,]*)*),/i;

function dataUriBytes(uri: string, param: string): Uint8Array<ArrayBuffer> {
  const head = dataUri.exec(uri.slice(0, longestHead));
  const { type = "", parameters = "" } = head?.groups ?? {};
  if (head === null || !/^image\/(png|jpe?g|webp)$/i.test(type) || !/;base64$/i.test(parameters)) {
    const rule = "start with data:image/png;base64, (or jpeg, webp)";
    throw badRequest(`${param}: must ${rule}, got ${quoted(uri)}`, param, "invalid_image");
  }
  const base64 = uri.slice(head[0].length);
  if (!isBase64(base64))
    throw badRequest(`${param}: must hold base64 after the comma`, param, "invalid_image");
  return alone(Buffer.from(base64, "base64"));
}

/** Letters of base64 and white space, then at most two `=`. Takes time in proportion to the text. */
function isBase64(text: string): boolean {
  const end = text.indexOf("=");
  const letters = end < 0 ? text : text.slice(0, end);
  const padding = end < 0 ? "" : text.slice(end, end + 100).trimEnd();
  const known = !/[^A-Za-z0-9+/_\-\s]/.test(letters) && /^={0,2}$/.test(padding);
  return known && text !== "" && (end < 0 || text.slice(end + 100).trim() === "");
}

/** Small buffers share one with others: it could not be sent to another thread. */
function alone(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return new Uint8Array(buffer);
  return new Uint8Array(bytes);
}

async function fetched(
  url: string,
  param: string,
  { fetchTimeout, maxBytes }: ImageRules,
  gone: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const fail = (why: string) =>
    badRequest(`${param}: could not fetch ${quoted(url)}: ${why}`, param, "image_fetch_failed");
  const signal = AbortSignal.any([gone, AbortSignal.timeout(fetchTimeout)]);
  try {
    const response = await fetch(url, { signal, redirect: "error" });
    if (!response.ok) throw fail(`status ${response.status}`);
    return alone(await readLimited(response, maxBytes, "the picture"));
  } catch (error) {
    if (error instanceof BodyTooLarge) throw fail(`more than ${maxBytes} bytes`);
    if (gone.aborted || (error instanceof Error && error.name === "ApiError")) throw error;
    const { message, cause } = error as Error;
    throw fail(cause instanceof Error ? cause.message : message);
  }
}
