/**
 * How models run in this page: what the machine has, and what the visitor asks for in the address, before its `#`:
 *
 *     ?device=webgpu      on the graphics card, where the browser gives one; default wasm
 *     ?threads=4          of each model; default: as many as the machine has for them, one where the page is not isolated
 */

export interface MachineFacts {
  /** Whether the page is isolated (COOP and COEP headers), so that WebAssembly has threads. */
  readonly isolated: boolean;
  /** Cores, as the browser says. */
  readonly cores: number;
  /** Whether the browser gives a WebGPU adapter; undefined until it has said so. */
  readonly webgpu: boolean | undefined;
}

export interface Settings {
  readonly device: "wasm" | "webgpu";
  /** Threads of each model; undefined: {@link threadsFor}. */
  readonly threads?: number;
}

/** As people read them. */
export const deviceNames: Readonly<Record<Settings["device"], string>> = {
  wasm: "WebAssembly",
  webgpu: "the graphics card (WebGPU)",
};

/** What is no setting counts as none. */
export function readSettings(search: string): Settings {
  const given = new URLSearchParams(search);
  const threads = Number(given.get("threads") ?? Number.NaN);
  return {
    device: given.get("device") === "webgpu" ? "webgpu" : "wasm",
    ...(Number.isInteger(threads) && threads >= 1 && threads <= 16 && { threads }),
  };
}

/** More threads than this gain nothing for models that a page can hold. */
const mostThreads = 4;

/** Threads for one of so many models that run at the same time. */
export function threadsFor(
  models: number,
  { isolated, cores }: Pick<MachineFacts, "isolated" | "cores">,
): number {
  if (!isolated) return 1;
  return Math.max(1, Math.min(mostThreads, Math.floor(cores / Math.max(1, models))));
}

export function machineFacts(): MachineFacts {
  const { hardwareConcurrency: cores = 1 } = navigator;
  return { isolated: crossOriginIsolated, cores, webgpu: "gpu" in navigator ? undefined : false };
}

export async function hasWebgpu(): Promise<boolean> {
  const { gpu } = navigator as Partial<Navigator>;
  return gpu !== undefined && (await gpu.requestAdapter().catch(() => null)) !== null;
}
