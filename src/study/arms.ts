/** The arms of a study: which losses each trains with, as settings laid over one config. */
import { basename, extname } from "node:path";
import { mustBe } from "../common/errors.ts";
import { losses as registry } from "../losses/registry.ts";
import type { TrainConfig } from "../train/config/config.ts";

/** One way of training; what is not a loss is the same in all arms. */
export interface Arm {
  readonly name: string;
  /** Settings such as `losses.lll.weight=1`, as `fovea train --set` takes them. */
  readonly sets: readonly string[];
}

/** A loss of an arm; without a weight it has the config's own, or 1 where that is 0. */
interface Term {
  readonly loss: string;
  readonly weight?: number;
}

/** A loss that a config can switch: where its weight stands, and what that is now. */
interface Switch {
  readonly path: string;
  readonly weight: number;
  /** Whether the config names it. */
  readonly isNamed: boolean;
}

/**
 * Arms of a config. `list`: names of losses joined by `+`, arms separated by commas (`ntp,ntp+lll:0.5`). `named`: arms with
 * a name and settings of their own (`reverse=ntp+klal,losses.klal.direction=reverse`). Without either: next-token
 * prediction alone, with each of the config's other losses, and with all of them.
 * @throws UserError for a loss that there is not, or two arms of one name
 */
export function armsOf(config: TrainConfig, list: string | undefined, named: readonly string[] = []): Arm[] {
  const switches = switchesOf(config);
  const texts =
    list?.split(",").map((text) => text.trim()) ?? (named.length > 0 ? [] : defaultArms(switches));
  const arms = [
    ...texts.map((text) => ({
      name: text,
      sets: setsOf(termsOf(text, switches, "--arms"), switches, config),
    })),
    ...named.map((text) => namedArm(text, switches, config)),
  ];
  for (const [i, { name }] of arms.entries()) {
    if (!/^[\w.+:-]{1,60}$/.test(name))
      throw mustBe("ablate", "name of an arm", "letters, digits and . _ - + :, at most 60", name);
    if (arms.findIndex((arm) => arm.name === name) < i)
      throw mustBe("ablate", "every arm", "given once", name);
  }
  return arms;
}

function switchesOf({ losses: { custom, ...named } }: TrainConfig): ReadonlyMap<string, Switch> {
  const own: Readonly<Record<string, { readonly weight: number } | undefined>> = named;
  const known = Object.keys(registry).map((name) => {
    const found = own[name];
    const entry = { path: `losses.${name}.weight`, weight: found?.weight ?? 0, isNamed: found !== undefined };
    return [name, entry] as const;
  });
  const users = custom.map(({ module, weight }, i) => {
    const name = basename(module, extname(module));
    return [name, { path: `losses.custom.${i}.weight`, weight, isNamed: true }] as const;
  });
  return new Map([...known, ...users]);
}

function defaultArms(switches: ReadonlyMap<string, Switch>): string[] {
  const others = [...switches]
    .filter(([name, { weight }]) => name !== "ntp" && weight > 0)
    .map(([name]) => name);
  const all = others.length > 1 ? [`ntp+${others.join("+")}`] : [];
  return ["ntp", ...others.map((name) => `ntp+${name}`), ...all];
}

/** `reverse=ntp+klal,losses.klal.direction=reverse`; a comma within a value is none between settings. */
function namedArm(text: string, switches: ReadonlyMap<string, Switch>, config: TrainConfig): Arm {
  const [, name, rest] = /^([^=,]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined)
    throw mustBe(
      "ablate",
      "--arm",
      "NAME=LOSSES[,losses.PATH=VALUE...]",
      text,
      "for example reverse=ntp+klal,losses.klal.direction=reverse",
    );
  const [terms, ...settings] = rest.split(/,(?=[\w.]+=)/);
  const stray = settings.find((setting) => !setting.startsWith("losses."));
  if (stray !== undefined)
    throw mustBe("ablate", `--arm ${name}`, "settings of losses: arms differ in nothing else", stray);
  return {
    name: name.trim(),
    sets: [...setsOf(termsOf(terms, switches, `--arm ${name}`), switches, config), ...settings],
  };
}

function termsOf(text: string, switches: ReadonlyMap<string, Switch>, where: string): Term[] {
  const terms = text.split("+").map((part): Term => {
    const [loss, weight, ...more] = part.trim().split(":");
    if (!switches.has(loss))
      throw mustBe("ablate", where, `of losses that there are: ${[...switches.keys()].join(", ")}`, part);
    if (weight === undefined) return { loss };
    const factor = weight.trim() === "" ? Number.NaN : Number(weight);
    if (!(factor > 0 && factor < Number.POSITIVE_INFINITY) || more.length > 0)
      throw mustBe("ablate", where, "LOSS or LOSS:WEIGHT with a weight above 0", part);
    return { loss, weight: factor };
  });
  const twice = terms.find(({ loss }, i) => terms.findIndex((term) => term.loss === loss) < i);
  if (twice !== undefined) throw mustBe("ablate", where, "each loss once in an arm", twice.loss);
  return terms;
}

/** Weights of all losses: those of the arm on, all others off, in every stage of the config too. */
function setsOf(
  terms: readonly Term[],
  switches: ReadonlyMap<string, Switch>,
  { stages }: TrainConfig,
): string[] {
  const used = new Map(terms.map((term) => [term.loss, term]));
  const own = [...switches].flatMap(([name, { path, weight, isNamed }]) => {
    const term = used.get(name);
    if (term !== undefined) return [`${path}=${term.weight ?? (weight > 0 ? weight : 1)}`];
    return isNamed ? [`${path}=0`] : [];
  });
  const staged = stages.flatMap(({ weights }, i) =>
    Object.keys(weights).flatMap((name) => (used.has(name) ? [] : [`stages.${i}.weights.${name}=0`])),
  );
  return [...own, ...staged];
}
