/** Help pages. */
import { styleText } from "node:util";
import type { ArgDef, ArgsDef, CommandDef } from "citty";
import { examplesOf } from "./examples.ts";
import { childrenOf, type FoundCommand, resolved } from "./find-command.ts";

/** Columns of a help page where the terminal does not say its own. */
const usualWidth = 100;
/** Names longer than this have their description on the next line. */
const widestName = 28;

export interface HelpStyle {
  readonly width?: number;
  /** How a heading is shown. */
  readonly heading?: (text: string) => string;
}

/** Bold headings on a terminal that shows them; plain text in a pipe, with NO_COLOR and on dumb terminals. */
export function terminalStyle(stream: NodeJS.WriteStream): HelpStyle {
  return {
    width: Math.max(60, Math.min(usualWidth, stream.columns ?? usualWidth)),
    heading: (text) => styleText("bold", text, { stream, validateStream: true }),
  };
}

/** The help page of a command: what it does, how it is called, its own arguments and options, examples. */
export async function helpPage({ command, path }: FoundCommand, style: HelpStyle = {}): Promise<string> {
  const { width = usualWidth, heading = (text: string) => text } = style;
  const meta = await resolved(command.meta);
  const title = ["fovea", ...path].join(" ");
  const section = (name: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", heading(name), ...lines];
  const { places, options } = await argumentsOf(command);
  const children = await childrenOf(command);
  const below = await Promise.all(
    Object.entries(children ?? {}).map(([name, child]) => childRow(name, child)),
  );
  return [
    ...wrapped(`${title}: ${meta?.description ?? ""}`, width),
    ...section("Usage", [`  ${usage(title, places, children !== undefined)}`]),
    ...section("Arguments", table(places.map(placeRow), width)),
    ...section("Options", table(options.map(optionRow), width)),
    ...section("Commands", table(below, width)),
    ...section(
      "Examples",
      examplesOf(path).map((line) => `  ${line}`),
    ),
    ...(children === undefined ? [] : ["", `${title} COMMAND --help describes one command.`]),
  ].join("\n");
}

type Named = readonly [name: string, arg: ArgDef];

async function argumentsOf(command: CommandDef): Promise<{ places: Named[]; options: Named[] }> {
  const all: Named[] = Object.entries((await resolved(command.args as ArgsDef | undefined)) ?? {});
  return {
    places: all.filter(([, { type }]) => type === "positional"),
    options: all.filter(([, { type }]) => type !== "positional"),
  };
}

function usage(title: string, places: readonly Named[], hasChildren: boolean): string {
  if (hasChildren) return `${title} COMMAND`;
  return [title, ...places.map(([name, arg]) => placeName(name, arg)), "[OPTIONS]"].join(" ");
}

const placeName = (name: string, { valueHint }: ArgDef) => valueHint ?? name.toUpperCase();

const placeRow = ([name, arg]: Named): Row => [placeName(name, arg), arg.description ?? ""];

function optionRow([name, arg]: Named): Row {
  const description = arg.description ?? "";
  if (arg.type === "boolean") return [arg.default === true ? `--no-${name}` : `--${name}`, negated(arg)];
  const shown = arg.default === undefined ? description : `${description} (default ${arg.default})`;
  return [`--${name} ${arg.valueHint ?? hintOf(name)}`, shown];
}

/** An option that is on by itself is shown as the one that turns it off. */
function negated(arg: ArgDef): string {
  const description = arg.description ?? "";
  return arg.default === true ? `do not ${description}` : description;
}

/** The value's name where none is given: the option's last word, a number for a rate. */
const hintOf = (name: string) => (name.includes("-per-") ? "N" : name.split(/[.-]/).at(-1)!.toUpperCase());

async function childRow(name: string, child: CommandDef): Promise<Row> {
  return [name, (await resolved(child.meta))?.description ?? ""];
}

type Row = readonly [name: string, description: string];

function table(rows: readonly Row[], width: number): string[] {
  const short = rows.filter(([name]) => name.length <= widestName);
  const column = Math.max(0, ...short.map(([name]) => name.length)) + 4;
  return rows.flatMap(([name, description]) => {
    const lines = wrapped(description, width - column).map((line) =>
      `${" ".repeat(column)}${line}`.trimEnd(),
    );
    if (name.length > column - 4) return [`  ${name}`, ...lines];
    return [`  ${name.padEnd(column - 2)}${lines[0].slice(column)}`.trimEnd(), ...lines.slice(1)];
  });
}

/** The text in lines of at most `width` characters, cut between words; one empty line for an empty text. */
function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}
