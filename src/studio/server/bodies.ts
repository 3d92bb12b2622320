/** Bodies of requests, read within bounds. */
import type { Context } from "hono";
import type { z } from "zod";
import { UserError } from "../../common/errors.ts";
import { parseJson } from "../../common/json.ts";
import { ApiError } from "../../serve/api-error.ts";
import { type HeldBytes, heldBytes, incomingBody, readBody } from "../../serve/body.ts";
import { limits } from "./limits.ts";

/** Of one app where it has no share in a server's. */
const ownHeld = heldBytes(limits.held);

export interface HeldBody {
  readonly body: ArrayBuffer;
  /** From then on its bytes count no more. */
  release(): void;
}

/** The bytes of a body that waits for its work, which count among those of all requests until they are released. */
export async function readHeldBody(context: Context, most: number, type?: string): Promise<HeldBody> {
  mustBePlain(context, type);
  const held = (context.get("held") as HeldBytes | undefined) ?? ownHeld;
  const share = held.share();
  try {
    const body = await readBody(incomingBody(context.req.raw, context.env?.incoming), most, share);
    return { body, release: share.release };
  } catch (error) {
    share.release();
    throw error;
  }
}

/** The bytes of a body, at most so many. Throws an ApiError: 413, 415 for a packed one, 503 where all hold too much. */
export async function readBytesBody(context: Context, most: number, type?: string): Promise<ArrayBuffer> {
  const { body, release } = await readHeldBody(context, most, type);
  release();
  return body;
}

/** A body of JSON, checked by a schema. Throws an ApiError 400 that says what is wrong in one line. */
export async function readJsonBody<T>(context: Context, schema: z.ZodType<T>, most = 2 ** 20): Promise<T> {
  const bytes = await readBytesBody(context, most, "application/json");
  const parsed = schema.safeParse(parseJson(new TextDecoder().decode(bytes), "the body"));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join(".") || "the body";
  throw new UserError(`${place}: ${issue?.message ?? "must be as documented"}`);
}

/** A packed body could unfold to any size; and a form of another page can send plain text, but no JSON. */
function mustBePlain(context: Context, type: string | undefined): void {
  const encoding = context.req.header("content-encoding") ?? "identity";
  if (encoding !== "identity")
    throw new ApiError(`The body must not be packed, got ${encoding}`, { status: 415, code: "packed_body" });
  const got = context.req.header("content-type") ?? "nothing";
  if (type === undefined || got.split(";")[0].trim().toLowerCase() === type) return;
  throw new ApiError(`The content type must be ${type}, got ${got}`, {
    status: 415,
    code: "unsupported_media_type",
  });
}
