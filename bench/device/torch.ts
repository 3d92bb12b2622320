/** PyTorch, where it is installed: what it runs on. */
import { execFileSync } from "node:child_process";

export interface Torch {
  readonly version: string;
  readonly cuda: boolean;
  readonly mps: boolean;
}

const question =
  "import json, torch; print(json.dumps({'version': torch.__version__, 'cuda': torch.cuda.is_available(), 'mps': torch.backends.mps.is_available()}))";

/** Undefined where no Python is named, or it has no PyTorch. */
export function torchIn(python: string | undefined): Torch | undefined {
  if (python === undefined) return undefined;
  try {
    return JSON.parse(execFileSync(python, ["-c", question], { encoding: "utf8" })) as Torch;
  } catch {
    return undefined;
  }
}

/** Who a device is held against: PyTorch on the same hardware, as far as it reaches it. */
export function peersOn(
  device: string,
  torch: Torch | undefined,
): { readonly peers: readonly string[]; readonly torchDevice: string } {
  const none = { peers: [], torchDevice: "cpu" };
  if (torch === undefined) return none;
  const both = ["eager", "compile"];
  if (device === "cpu") return { peers: both, torchDevice: "cpu" };
  if (torch.cuda && device !== "coreml") return { peers: both, torchDevice: "cuda" };
  return torch.mps ? { peers: ["eager"], torchDevice: "mps" } : none;
}
