/** Where runs are read from: Studio's server, or a folder that somebody dropped. */
import { UserError } from "../../../common/errors.ts";
import type { Source } from "../../../hub/source.ts";
import { answered } from "../../models/answered.ts";
import { type RunFound, type RunList, settingsOf, stepsIn, type Tail } from "./run-data.ts";

export type TailKind = "metrics" | "probes";

export interface RunsSource {
  /** Whether more may come. */
  readonly isLive: boolean;
  list(signal: AbortSignal): Promise<RunList>;
  /** What has come since; undefined where the run has no such file. */
  tail(
    run: string,
    kind: TailKind,
    since: Pick<Tail, "next" | "file">,
    signal: AbortSignal,
  ): Promise<Tail | undefined>;
}

export const serverRuns: RunsSource = {
  isLive: true,
  list: async (signal) => (await answered(fetch("api/runs", { signal }), signal)).json(),
  async tail(run, kind, { next, file }, signal) {
    const query = new URLSearchParams({ run, from: String(next), file });
    return (await ifThere(`api/runs/tail/${kind}?${query}`, signal))?.json();
  },
};

/** Undefined for what is not there. */
async function ifThere(address: string, signal: AbortSignal): Promise<Response | undefined> {
  const sent = fetch(address, { signal });
  const isMissing = (await sent.catch(() => undefined))?.status === 404;
  return isMissing ? undefined : answered(sent, signal);
}

const fileNames = { metrics: "metrics.jsonl", probes: "probes.jsonl" } as const;
/** Of a file that is read at once. */
const MOST = 2 ** 28;

/** The runs of a dropped folder, as they were when it was dropped: it is one run, or holds several. */
export function droppedRuns(source: Source): RunsSource {
  const inside = (run: string, path: string) => (run === source.name ? path : `${run}/${path}`);
  return {
    isLive: false,
    async list() {
      const all = (await source.list()) ?? [];
      const names = all
        .filter((path) => path === "metrics.jsonl" || path.endsWith("/metrics.jsonl"))
        .map((path) => (path === "metrics.jsonl" ? source.name : path.slice(0, -"/metrics.jsonl".length)));
      if (names.length === 0)
        throw new UserError(`${source.name}: expected a run of fovea train, found no metrics.jsonl`);
      const runs = await Promise.all(names.map((name) => runOf(source, name, inside, all)));
      return { runs, skipped: [] };
    },
    async tail(run, kind, { next }) {
      const text = next > 0 ? "" : await source.text(inside(run, fileNames[kind]), MOST);
      if (text === undefined) return undefined;
      const whole = text.slice(0, text.lastIndexOf("\n") + 1);
      return { text: whole, next: next || text.length, file: "dropped", more: false };
    },
  };
}

async function runOf(
  source: Source,
  name: string,
  inside: (run: string, path: string) => string,
  all: readonly string[],
): Promise<RunFound> {
  const settings = await settingsIn(source, inside(name, "config.yaml"));
  const steps = stepsIn(settings);
  const isFinished = ["model/config.json", "model/adapter_config.json"].some((path) =>
    all.includes(inside(name, path)),
  );
  return {
    name,
    state: isFinished ? "finished" : "stopped",
    settings,
    ...(steps !== undefined && { steps }),
  };
}

/** Empty where the config cannot be read. */
async function settingsIn(source: Source, path: string): Promise<RunFound["settings"]> {
  const text = await source.text(path, 200_000).catch(() => undefined);
  if (text === undefined) return {};
  const { parseYaml } = await import("../../../common/yaml.ts");
  try {
    return settingsOf(parseYaml(text, path));
  } catch {
    return {};
  }
}
