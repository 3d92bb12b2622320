/**
 * The picture behind an `image_url`: a `data:` URI with base64, or an address where the server was told to
 * fetch them.
 *
 *     imageOf(url, param, rules) -> RgbImage, or an ApiError 400 that names the field
 */
import type { RgbImage } from "../common/image.ts";
import { decodeImage, pictureHeader } from "../hub/image-file.ts";
import { badRequest } from "./api-error.ts";

export interface ImageRules {
  /** Whether http(s) addresses are fetched. The server then calls any address that a client names. */
  readonly allowUrls: boolean;
  /** Bytes of a fetched picture. */
  readonly maxBytes: number;
  /** Pixels of a decoded picture: a small file can hold a huge one. */
  readonly maxPixels: number;
  /** Milliseconds for a fetch. */
  readonly fetchTimeout: number;
}

export const defaultImageRules: ImageRules = {
  allowUrls: false,
  maxBytes: 20 * 2 ** 20,
  maxPixels: 50e6,
  fetchTimeout: 10_000,
};

const formats = ["png", "jpeg", "webp"];

export async function imageOf(url: string, param: string, rules: ImageRules): Promise<RgbImage> {
  const bytes = await bytesOf(url, param, rules);
  const header = await pictureHeader(bytes).catch(() => undefined);
  if (header === undefined || !formats.includes(header.format)) {
    const found = header?.format ?? "bytes that are no picture";
    throw badRequest(`${param}: must hold a PNG, JPEG or WebP picture, got ${found}`, param, "invalid_image");
  }
  const { format, width, height } = header;
  if (width * height > rules.maxPixels) {
    const most = `at most ${rules.maxPixels / 1e6} million pixels`;
    throw badRequest(`${param}: must have ${most}, got ${width} x ${height}`, param, "image_too_large");
  }
  return decodeImage(bytes).catch(() => {
    throw badRequest(`${param}: the ${format} picture is damaged`, param, "invalid_image");
  });
}

async function bytesOf(url: string, param: string, rules: ImageRules): Promise<Uint8Array> {
  if (/^data:/i.test(url)) return dataUriBytes(url, param);
  if (!/^https?:/i.test(url))
    throw badRequest(`${param}: must be a data: URI with base64, got ${start(url)}`, param);
  if (rules.allowUrls) return fetched(url, param, rules);
  const hint = "send the picture itself as data:image/png;base64,...";
  throw badRequest(`${param}: this server fetches no addresses; ${hint}`, param, "image_url_not_allowed");
}

const dataUri = /^data:(?<type>[^;,]*)(?<parameters>(?:;[^;,]*)*),/i;

function dataUriBytes(uri: string, param: string): Uint8Array {
  const head = dataUri.exec(uri);
  const { type = "", parameters = "" } = head?.groups ?? {};
  if (head === null || !/^image\/(png|jpe?g|webp)$/i.test(type) || !/;base64$/i.test(parameters)) {
    const rule = "start with data:image/png;base64, (or jpeg, webp)";
    throw badRequest(`${param}: must ${rule}, got ${start(uri)}`, param, "invalid_image");
  }
  const base64 = uri.slice(head[0].length);
  if (base64 === "" || !/^[A-Za-z0-9+/_\-\s]*={0,2}\s*$/.test(base64))
    throw badRequest(`${param}: must hold base64 after the comma`, param, "invalid_image");
  return Buffer.from(base64, "base64");
}

async function fetched(url: string, param: string, rules: ImageRules): Promise<Uint8Array> {
  const fail = (why: string) =>
    badRequest(`${param}: could not fetch ${start(url)}: ${why}`, param, "image_fetch_failed");
  const signal = AbortSignal.timeout(rules.fetchTimeout);
  try {
    const response = await fetch(url, { signal, redirect: "error" });
    if (!response.ok) throw fail(`status ${response.status}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > rules.maxBytes) throw fail(`more than ${rules.maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof Error && error.name === "ApiError") throw error;
    const { message, cause } = error as Error;
    throw fail(cause instanceof Error ? cause.message : message);
  }
}

/** The beginning of a URI, for errors. */
function start(url: string): string {
  return JSON.stringify(url.length > 60 ? `${url.slice(0, 57)}...` : url);
}
