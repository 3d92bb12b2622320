/** Which models a visitor may put into a place of the page, and what is said of one. */
import type { GivenFile } from "../../../hub/source/files.ts";
import type { ModelCard } from "../../jobs/job.ts";
import { deviceNames, type MachineFacts, type Settings } from "../settings.ts";
import { type Letter, letters, type ModelChoice, type ModelSetup, type Setup, type Slot } from "../studio.ts";

/** Those of studio.json, each once. */
export function offered({ models, others = [] }: Pick<Setup, "models" | "others">): ModelSetup[] {
  const byFolder = new Map([...models, ...others].map((model) => [model.folder, model] as const));
  return [...byFolder.values()];
}

/** The first letter that no model has; undefined where all are taken. */
export function freeLetter(slots: readonly Pick<Slot, "letter">[]): Letter | undefined {
  return letters.find((letter) => slots.every((slot) => slot.letter !== letter));
}

/** A folder of files, called by what they lie in. */
export function choiceOfFiles(files: readonly GivenFile[]): ModelChoice {
  const [folder] = files[0]?.path.split("/").slice(0, -1) ?? [];
  const name = folder ?? "dropped files";
  return { title: name, note: "from your files, which stay on this machine", source: { files, name } };
}

/** An address as somebody types it, from the page's own; undefined for none. */
export function choiceOfAddress(typed: string, base: string): ModelChoice | undefined {
  const text = typed.trim();
  if (text === "" || !URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  if (!/^https?:$/.test(url.protocol)) return undefined;
  const [title = url.host] = url.pathname.split("/").filter(Boolean).slice(-1);
  return { title, note: url.host, source: { address: url.href } };
}

/** `llava, 1.4 M parameters, 4 layers, 220 words; runs in this page, wasm`. */
export function cardText({ family, parameters, layers, vocabulary, runsOn }: ModelCard): string {
  const size = `${shortCount(parameters)} parameters`;
  const place = runsOn.replace(/^page/, "in this page").replace(/^server/, "on the server");
  return `${family}, ${size}, ${layers} layers, ${vocabulary.toLocaleString("en")} words; runs ${place}`;
}

/** On what models of the page run, and why not on more. */
export function machineText({ isolated, webgpu }: MachineFacts, device: Settings["device"]): string {
  const on = `Models of this page run on ${deviceNames[device]}`;
  const threads = isolated ? "" : ", on one thread each: the page is not isolated (COOP and COEP headers)";
  const card = webgpu === false ? ". This browser gives no WebGPU adapter" : "";
  return `${on}${device === "wasm" ? threads : ""}${card}.`;
}

function shortCount(count: number): string {
  const [unit, size] = count >= 1e9 ? (["B", 1e9] as const) : (["M", 1e6] as const);
  return `${(count / size).toFixed(1)} ${unit}`;
}
