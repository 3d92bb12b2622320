/** The command `fovea pull`. */
import { defineCommand, type ParsedArgs } from "citty";
import { mustBe, UserError } from "../../common/errors.ts";
import { stopInOrder } from "../../common/signals.ts";
import { cachedSnapshot, cachedSnapshots, type ModelRef, parseModelRef } from "../../hub/net/cache.ts";
import { hubFromEnvironment } from "../../hub/net/hub-fetch.ts";
import { isNeeded, pullModel } from "../../hub/net/pull.ts";
import { checkSnapshot, snapshotPlace } from "../../hub/net/snapshot-check.ts";
import { needed, report } from "../arguments.ts";
import { byteProgress } from "../progress.ts";
import { say } from "../say.ts";
import { strictArgs } from "../strict.ts";

const pullArgs = {
  model: { type: "positional", required: false, description: "OWNER/NAME or OWNER/NAME@REVISION" },
  revision: { type: "string", description: "branch, tag or commit (default main)" },
  all: {
    type: "boolean",
    default: false,
    description: "download every file, not only those that are needed to open the model",
  },
  verify: {
    type: "boolean",
    default: false,
    description: "read what is in the cache (of MODEL, or of every model) and check it; fetches nothing",
  },
  "key-over-http": {
    type: "boolean",
    default: false,
    description: "send HF_TOKEN over a network in the clear, to an http HF_ENDPOINT of another machine",
  },
  json: { type: "boolean", default: false, description: "print one JSON object" },
} as const;

export const pull = defineCommand({
  meta: {
    name: "pull",
    description: "Download a model from the Hugging Face hub into the cache shared with Python.",
  },
  args: pullArgs,
  async run({ args, rawArgs }) {
    strictArgs("pull", rawArgs, pullArgs);
    if (args.verify) return verify(args);
    const ref = refOf(args);
    const progress = byteProgress(`pull ${ref.name}`);
    const hub = { ...hubFromEnvironment(), keyOverHttp: args["key-over-http"] };
    const onNote = (note: string) => say(`pull ${ref.name}: ${note}`);
    const stop = stopInOrder();
    try {
      const options = { hub, all: args.all, onProgress: progress.at, onNote, signal: stop.signal };
      const pulled = await pullModel(ref, options).catch((cause) => {
        if (stop.code === undefined) throw cause;
        const what = "pull: stopped; the same command goes on from what has come";
        throw new UserError(what, { code: stop.code, cause });
      });
      progress.end();
      const size = `${pulled.files.length} files, ${(pulled.bytes / 1e6).toFixed(1)} MB`;
      report(args.json, { model: ref.name, revision: ref.revision, ...pulled }, [
        `${ref.name} at ${pulled.commit.slice(0, 7)}: ${size}`,
        pulled.folder,
      ]);
    } finally {
      stop.release();
      progress.end();
    }
  },
});

type PullArgs = ParsedArgs<typeof pullArgs>;

function refOf({ model, revision }: PullArgs): ModelRef {
  const given = needed("pull", "MODEL", model, "for example: fovea pull OWNER/NAME");
  const ref = parseModelRef(revision === undefined ? given : `${given}@${revision}`);
  if (ref === undefined) throw mustBe("pull", "MODEL", "OWNER/NAME or OWNER/NAME@REVISION", given);
  return ref;
}

/** Checks what is there; ends with an error when something is bad, after everything was checked. */
async function verify(args: PullArgs): Promise<void> {
  const found = args.model === undefined ? await cachedSnapshots() : [await snapshotOf(refOf(args))];
  const checked = [];
  for (const folder of found) checked.push(await verifyOne(folder));
  const lines = checked.flatMap(({ lines }) => lines);
  const none = "no model is in the cache";
  report(
    args.json,
    { models: checked.map(({ lines: _, ...one }) => one) },
    found.length === 0 ? [none] : lines,
  );
  const bad = checked.filter(({ bad }) => bad.length > 0);
  if (bad.length === 0) return;
  const count = bad.reduce((sum, one) => sum + one.bad.length, 0);
  const refetch = bad.map(({ command }) => command).join("; ");
  throw new UserError(
    `pull: ${count} bad file${count === 1 ? "" : "s"}; fetch what is bad again: ${refetch}`,
  );
}

async function snapshotOf(ref: ModelRef): Promise<string> {
  const found = await cachedSnapshot(ref);
  if (found !== undefined) return found;
  throw mustBe("pull", "MODEL", "in the cache to be verified", `${ref.name}@${ref.revision}`);
}

async function verifyOne(folder: string) {
  const { name, commit } = snapshotPlace(folder) as NonNullable<ReturnType<typeof snapshotPlace>>;
  const { files, bad, unknown } = await checkSnapshot(folder);
  const all = bad.some(({ path }) => !isNeeded(path)) ? " --all" : "";
  const good = files - bad.length - unknown.length;
  const tail = unknown.length > 0 ? `, of ${unknown.length} nothing is known (${unknown.join(", ")})` : "";
  const lines = [
    `${name} at ${commit.slice(0, 7)}: ${good} of ${files} files have their hash${tail}`,
    ...bad.map(({ path, problem }) => `  ${path} ${problem}`),
  ];
  return {
    model: name,
    commit,
    folder,
    files,
    bad,
    unknown,
    command: `fovea pull ${name}@${commit}${all}`,
    lines,
  };
}
