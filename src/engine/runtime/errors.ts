/** What a runtime says when it fails, as one line. */
import { UserError } from "../../common/errors.ts";

/** `action`: what the runtime could not do with a program. A UserError is given as it is. */
export function sessionError(runtime: string, action: "load" | "run", error: unknown): UserError {
  if (error instanceof UserError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const known = reasons.find(([said]) => said.test(message));
  return new UserError(`${runtime}: could not ${action} the program: ${known?.[1] ?? plain(message)}`, {
    cause: error,
  });
}

/** Of a GPU that cannot do what precision `float16` asks of it. */
export const noHalves =
  "this GPU has no half precision in shaders (shader-f16), which precision float16 needs; choose fast or float32";

/** What ONNX Runtime says, and what it means to those who run a model. */
const reasons: readonly (readonly [said: RegExp, meaning: string])[] = [
  [/requires f16 but the device does not support it/, noHalves],
  [
    /bad_alloc|allocat|out of memory|memory access out of bounds/i,
    "not enough memory; ask for less at once (fewer rows, smaller pictures, weights in fewer bits)",
  ],
  [
    /External initializer.*(out of bounds|can not be read in full)/s,
    "a file of weights ends early; it must not change while a model is open",
  ],
];

/** Without ONNX Runtime's codes, the places in its source, and what follows the first line. */
function plain(message: string): string {
  const [line] = message.trim().split("\n");
  const said = line
    .replace(/^\[ONNXRuntimeError\]\s*:\s*\d+\s*:\s*\w+\s*:\s*/, "")
    .replaceAll(/\S*\.(cc|h):\d+\s*(\S*::\S*\([^)]*\)\s*(const)?)?\s*/g, "")
    .trim();
  return said || "no reason given";
}
