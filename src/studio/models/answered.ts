/** What Studio's server answered, or why it did not. */
import { UserError } from "../../common/errors.ts";

/** Rejects with a UserError that has what the server said, and with an Error where nothing answers. */
export async function answered(sent: Promise<Response>, signal?: AbortSignal | null): Promise<Response> {
  const response = await sent.catch((cause) => {
    signal?.throwIfAborted();
    throw new Error("Fovea's server does not answer; it may have been stopped", { cause });
  });
  if (response.ok) return response;
  const body = (await response.json().catch(() => undefined)) as
    | { error?: { message?: unknown } }
    | undefined;
  const message = body?.error?.message;
  throw new UserError(
    typeof message === "string" ? message : `Fovea's server answers with status ${response.status}`,
  );
}
