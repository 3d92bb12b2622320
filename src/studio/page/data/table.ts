/**
 * The rows of a data set as columns of small numbers, so that 100,000 of them are filtered in a blink, on the server and
 * in a page. What the rows say besides is read again where it is shown.
 */
import type { Row } from "../../../data/imagefolder/schema.ts";
import { type Counts, conditions, type Dimension, type Facets, type Filter, type Outcome } from "./filter.ts";

/** A row that meets a filter, and which of its questions did first; none where it has no questions. */
export interface Hit {
  readonly row: number;
  readonly question?: number;
}

export interface Found {
  readonly count: number;
  readonly facets: Facets;
  /** Hits from one place on, in the order of the rows. */
  hits(from: number, count: number): Hit[];
}

export interface RowTable {
  readonly length: number;
  readonly questions: number;
  add(row: Row): void;
  find(filter: Filter): Found;
  /** Outcomes of a model by `<id of the row>/<place of the question>`. */
  setOutcomes(model: string, label: string, outcomes: ReadonlyMap<string, Outcome>): void;
}

/** Values of a column, each kept once; 0 stands for none. */
interface Column {
  readonly values: string[];
  readonly ids: Map<string, number>;
  /** A number each question. */
  readonly cells: number[];
}

const newColumn = (): Column => ({ values: [""], ids: new Map([["", 0]]), cells: [] });

function idIn(column: Column, value: string): number {
  const known = column.ids.get(value);
  if (known !== undefined) return known;
  column.ids.set(value, column.values.length);
  return column.values.push(value) - 1;
}

interface Table {
  /** A row without questions has one empty line of its own. */
  readonly rowOf: number[];
  readonly placeOf: number[];
  readonly ids: string[];
  readonly files: Column;
  readonly task: Column;
  readonly answer: Column;
  readonly question: Column;
  readonly axes: Map<string, Column>;
  readonly models: Map<string, { readonly label: string; readonly column: Column }>;
  readonly words: Column;
  /** Numbers of the words that show, a list each row. */
  readonly shown: (readonly number[])[];
}

export function rowTable(): RowTable {
  const table: Table = {
    rowOf: [],
    placeOf: [],
    ids: [],
    files: newColumn(),
    task: newColumn(),
    answer: newColumn(),
    question: newColumn(),
    axes: new Map(),
    models: new Map(),
    words: newColumn(),
    shown: [],
  };
  return {
    get length() {
      return table.ids.length;
    },
    get questions() {
      return table.placeOf.filter((place) => place >= 0).length;
    },
    add: (row) => addRow(table, row),
    find: (filter) => find(table, filter),
    setOutcomes: (model, label, outcomes) => setOutcomes(table, model, label, outcomes),
  };
}

function addRow(table: Table, { id, fileName, questions, concepts }: Row): void {
  const index = table.ids.push(id) - 1;
  table.files.cells.push(idIn(table.files, fileName));
  const shown = concepts.flatMap(({ word, regions }) =>
    regions.length > 0 ? [idIn(table.words, word)] : [],
  );
  table.shown.push(shown);
  if (questions.length === 0) addLine(table, index, -1);
  for (const [place, question] of questions.entries()) {
    addLine(table, index, place);
    const at = table.rowOf.length - 1;
    table.task.cells[at] = idIn(table.task, question.task);
    table.answer.cells[at] = idIn(table.answer, question.answer);
    table.question.cells[at] = idIn(table.question, question.question);
    for (const [axis, value] of Object.entries(question.difficulty ?? {}))
      axisColumn(table, axis).cells[at] = idIn(axisColumn(table, axis), String(value));
  }
}

function addLine(table: Table, row: number, place: number): void {
  table.rowOf.push(row);
  table.placeOf.push(place);
  for (const column of [table.task, table.answer, table.question, ...table.axes.values()])
    column.cells.push(0);
}

/** Questions that came before the first with this axis have none of it. */
function axisColumn(table: Table, axis: string): Column {
  const known = table.axes.get(axis);
  if (known !== undefined) return known;
  const column = { ...newColumn(), cells: Array<number>(table.rowOf.length).fill(0) };
  table.axes.set(axis, column);
  return column;
}

function setOutcomes(
  table: Table,
  model: string,
  label: string,
  outcomes: ReadonlyMap<string, Outcome>,
): void {
  const column = newColumn();
  for (const [i, row] of table.rowOf.entries())
    column.cells.push(idIn(column, outcomes.get(`${table.ids[row]}/${table.placeOf[i]}`) ?? ""));
  table.models.set(model, { label, column });
}

/** Columns of questions that are chosen from, by their names in a filter. */
function columnsOf(table: Table): Map<Dimension, Column> {
  return new Map<Dimension, Column>([
    ["task", table.task],
    ["answer", table.answer],
    ...[...table.axes].map(([axis, column]) => [`axis.${axis}`, column] as const),
    ...[...table.models].map(([model, { column }]) => [`by.${model}`, column] as const),
  ]);
}

/**
 * One pass over the questions: those that meet all conditions are found, and those that miss a single one count among the
 * choices of that one.
 */
function find(table: Table, filter: Filter): Found {
  const columns = columnsOf(table);
  const tallies = new Map([...columns].map(([name, { values }]) => [name, tally(values)] as const));
  const wordTally = tally(table.words.values);
  const all = [...columns].map(([name, { cells }]) => ({ name, cells, tally: tallies.get(name) as Tally }));
  const rules = rulesOf(table, filter, columns);
  const hasWord = wordRule(table, filter);
  const hasText = textRule(table, filter);
  const hits: number[] = [];
  let last = -1;
  for (let i = 0; i < table.rowOf.length; i++) {
    const row = table.rowOf[i];
    if (!hasText(i)) continue;
    let [misses, missed]: [number, Dimension | undefined] = hasWord(row) ? [0, undefined] : [1, "word"];
    for (const { name, column, id } of rules)
      if (column.cells[i] !== id) [misses, missed] = [misses + 1, name];
    if (misses > 1) continue;
    for (const { name, cells, tally } of all)
      if (missed === undefined || missed === name) tally.count(cells[i], row);
    if (missed === undefined || missed === "word")
      for (const word of table.shown[row]) wordTally.count(word, row);
    if (misses > 0 || row === last) continue;
    hits.push(i);
    last = row;
  }
  const counts = (name: Dimension) => tallies.get(name)?.counts() ?? [];
  return {
    count: hits.length,
    facets: facetsOf(table, counts, wordTally.counts()),
    hits: (from, count) => hits.slice(from, from + count).map((i) => hitAt(table, i)),
  };
}

function hitAt({ rowOf, placeOf }: Table, i: number): Hit {
  return placeOf[i] < 0 ? { row: rowOf[i] } : { row: rowOf[i], question: placeOf[i] };
}

/** Choices that a menu can hold. */
const MOST_CHOICES = 300;

function facetsOf(table: Table, counts: (name: Dimension) => Counts, words: Counts): Facets {
  const most = (all: Counts) => inOrder([...all].sort((a, b) => b[1] - a[1]).slice(0, MOST_CHOICES));
  return {
    tasks: most(counts("task")),
    answers: most(counts("answer")),
    words: most(words),
    axes: Object.fromEntries([...table.axes.keys()].map((axis) => [axis, most(counts(`axis.${axis}`))])),
    models: Object.fromEntries(
      [...table.models].map(([model, { label }]) => [model, { label, counts: counts(`by.${model}`) }]),
    ),
  };
}

/** Numbers by their size, words by the alphabet. */
function inOrder(counts: Counts): Counts {
  const collator = new Intl.Collator("en", { numeric: true });
  return [...counts].sort(([a], [b]) => collator.compare(a, b));
}

type Tally = ReturnType<typeof tally>;

/** Counts pictures, not questions: the rows come in order, so a value is counted once a row. */
function tally(values: readonly string[]) {
  const counts = new Uint32Array(values.length);
  const lastRow = new Int32Array(values.length).fill(-1);
  return {
    count(id: number, row: number) {
      if (lastRow[id] === row) return;
      lastRow[id] = row;
      counts[id]++;
    },
    counts: (): Counts =>
      values.flatMap((value, id) => (id === 0 || counts[id] === 0 ? [] : [[value, counts[id]] as const])),
  };
}

interface Rule {
  readonly name: Dimension;
  readonly column: Column;
  /** -1: no question has this value. */
  readonly id: number;
}

function rulesOf(table: Table, filter: Filter, columns: ReadonlyMap<Dimension, Column>): Rule[] {
  const none: Column = { ...newColumn(), cells: table.task.cells.map(() => 0) };
  return conditions(filter).flatMap(([name, value]): Rule[] => {
    if (name === "word" || name === "text") return [];
    const column = columns.get(name);
    return [{ name, column: column ?? none, id: column?.ids.get(value) ?? -1 }];
  });
}

function wordRule(table: Table, { word }: Filter): (row: number) => boolean {
  if (word === undefined) return () => true;
  const id = table.words.ids.get(word) ?? -1;
  return (row) => table.shown[row].includes(id);
}

function textRule(table: Table, { text }: Filter): (line: number) => boolean {
  if (text === undefined || text.trim() === "") return () => true;
  const wanted = text.trim().toLowerCase();
  const holding = (column: Column) =>
    new Set(column.values.flatMap((value, id) => (value.toLowerCase().includes(wanted) ? [id] : [])));
  const [questions, answers, words, files] = [
    holding(table.question),
    holding(table.answer),
    holding(table.words),
    holding(table.files),
  ];
  return (line) => {
    const row = table.rowOf[line];
    return (
      questions.has(table.question.cells[line]) ||
      answers.has(table.answer.cells[line]) ||
      files.has(table.files.cells[row]) ||
      table.shown[row].some((word) => words.has(word)) ||
      table.ids[row].toLowerCase().includes(wanted)
    );
  };
}
