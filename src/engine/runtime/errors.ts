/** What a runtime says when it fails, as one line. */
import { UserError } from "../../common/errors.ts";

/** `action`: what the runtime could not do with a program. */
export function sessionError(runtime: string, action: "load" | "run", error: unknown): UserError {
  if (error instanceof UserError) return error;
  if (error instanceof UserError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const tail = isMemory(message)
    ? "; ask for less at once (fewer rows, smaller pictures, weights in fewer bits)"
    : "";
  return new UserError(`${runtime}: could not ${action} the program: ${plain(message)}${tail}`, {
    cause: error,
  });
}

function isMemory(message: string): boolean {
  return /allocat|out of memory|bad_alloc|memory access out of bounds/i.test(message);
}

/** Without ONNX Runtime's codes, the places in its source, and what follows the first line. */
function plain(message: string): string {
  const [line] = message.trim().split("\n");
  const said = line
    .replace(/^\[ONNXRuntimeError\]\s*:\s*\d+\s*:\s*\w+\s*:\s*/, "")
    .replaceAll(/\S*\.(cc|h):\d+\s*(\S*::\S*\([^)]*\)\s*(const)?)?\s*/g, "")
    .trim();
  return isMemory(said) && said.length === 0 ? "not enough memory" : said || "no reason given";
}
