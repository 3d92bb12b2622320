/**
 * Which items of a data set are shown: conditions on a question (task, answer, difficulty, who was right) and on its
 * picture (a word that shows, a text), as an address holds them and as a sentence says them.
 */

/** What became of a model's answer. */
export type Outcome = "right" | "wrong";

export interface Filter {
  readonly task?: string;
  readonly answer?: string;
  /** A concept that shows in the picture. */
  readonly word?: string;
  /** Stands in a question, an answer, a word or a file's name; case does not count. */
  readonly text?: string;
  /** By axis of difficulty, the value as text. */
  readonly axes: Readonly<Record<string, string>>;
  /** By model. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

export const noFilter: Filter = { axes: {}, outcomes: {} };

const plain = ["task", "answer", "word", "text"] as const;
type Plain = (typeof plain)[number];

/** What one condition is about: a plain name, "axis.crossings", "by.a". */
export type Dimension = Plain | `axis.${string}` | `by.${string}`;

/** A filter's conditions in their order. */
export function conditions(filter: Filter): (readonly [Dimension, string])[] {
  return [
    ...plain.flatMap((name): [Dimension, string][] => {
      const value = filter[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
    ...Object.entries(filter.axes).map(([axis, value]): [Dimension, string] => [`axis.${axis}`, value]),
    ...Object.entries(filter.outcomes).map(([model, value]): [Dimension, string] => [`by.${model}`, value]),
  ];
}

/** The filter with one condition set, or taken away. */
export function withCondition(filter: Filter, dimension: Dimension, value: string | undefined): Filter {
  const rest = conditions(filter).filter(([name]) => name !== dimension);
  return filterOf(value === undefined || value === "" ? rest : [...rest, [dimension, value]]);
}

/** The filter that an address or a request holds; names that are none of a filter are passed over. */
export function filterOf(entries: Iterable<readonly [string, string]>): Filter {
  const found: Partial<Record<Plain, string>> = {};
  const axes: Record<string, string> = {};
  const outcomes: Record<string, Outcome> = {};
  for (const [name, value] of entries) {
    if (value === "") continue;
    const own = plain.find((one) => one === name);
    if (own !== undefined) found[own] = value;
    else if (name.startsWith("axis.")) axes[name.slice(5)] = value;
    else if (name.startsWith("by.") && (value === "right" || value === "wrong"))
      outcomes[name.slice(3)] = value;
  }
  return { ...found, axes, outcomes };
}

/** Whether anything is asked of an item. */
export function isEmpty(filter: Filter): boolean {
  return conditions(filter).length === 0;
}

/** How many pictures a choice would leave, by its value. */
export type Counts = readonly (readonly [value: string, count: number])[];

/** What may be chosen next. A dimension's counts are of all items that meet the other conditions. */
export interface Facets {
  readonly tasks: Counts;
  readonly answers: Counts;
  readonly words: Counts;
  readonly axes: Readonly<Record<string, Counts>>;
  /** By model: how it is called, and how often it was right and wrong. */
  readonly models: Readonly<Record<string, { readonly label: string; readonly counts: Counts }>>;
}

export const noFacets: Facets = { tasks: [], answers: [], words: [], axes: {}, models: {} };

const number = new Intl.NumberFormat("en-US");

/** "1,204 of 100,000 pictures: grid-patch, crossings 3, answer b3, wrong by A" */
export function filterSentence(filter: Filter, found: number, count: number, labels: Labels = {}): string {
  const many = `${number.format(count)} ${count === 1 ? "picture" : "pictures"}`;
  const said = conditions(filter).map(([name, value]) => conditionText(name, value, labels));
  if (said.length === 0) return many;
  return `${number.format(found)} of ${many}: ${said.join(", ")}`;
}

/** How models are called, by their names in a filter. */
export type Labels = Readonly<Record<string, string>>;

function conditionText(name: Dimension, value: string, labels: Labels): string {
  if (name === "task") return value;
  if (name === "word") return `showing ${value}`;
  if (name === "text") return `about “${value}”`;
  if (name.startsWith("axis.")) return `${axisText(name.slice(5))} ${value}`;
  if (name.startsWith("by.")) return `${value} by ${labels[name.slice(3)] ?? name.slice(3)}`;
  return `answer ${value}`;
}

/** "selfCrossings" as people write it: "self crossings". */
export function axisText(axis: string): string {
  return axis.replace(/[_-]+/g, " ").replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
}
