/**
 * Chat templates that strangers wrote, rendered by @huggingface/jinja under a limit of steps. A template is a program:
 * it may loop without end, double a text forty times, or call itself. Each node that is evaluated costs a step, and what
 * walks over a text or a list costs by its length, before it is done; the same template and conversation always take the
 * same number of steps, on any machine.
 *
 *     openTemplate(text)      -> ChatTemplate; throws where it cannot be parsed
 *     template.render(values) -> text; throws where it takes more steps than allowed
 */
import { Environment, Interpreter, Template } from "@huggingface/jinja";

export interface ChatTemplate {
  /** Throws an Error that says what is wrong with the template. */
  render(values: Readonly<Record<string, unknown>>): string;
}

/** Ten times the longest published one. */
const longestTemplate = 200_000;
/** The library looks for marks after white space in a time that grows by the square of its length. */
const longestSpace = 1000;

/** Throws an Error that says why it is no template. */
export function openTemplate(text: string): ChatTemplate {
  if (text.length > longestTemplate)
    throw new Error(`must have at most ${longestTemplate} characters, got ${text.length}`);
  if (new RegExp(`\\s{${longestSpace + 1}}`).test(text))
    throw new Error(`must have at most ${longestSpace} characters of white space in a row`);
  const { parsed } = shallow(() => new Template(text));
  // @huggingface/jinja does not export the types of its nodes.
  return { render: (values) => shallow(() => render(parsed as unknown as Node, values)) };
}

/** Says in words that functions called one another too often. */
function shallow<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError)
      throw new Error(`is nested too deep or writes too much (${error.message})`);
    throw error;
  }
}

/** What is used of the library; its own types have import paths that TypeScript's nodenext cannot follow. */
interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Value {
  readonly type: string;
  readonly value: unknown;
}

interface Evaluator {
  evaluate(node: Node | undefined, scope: unknown): Value;
  run(program: Node): Value;
}

/** A node that is being evaluated. */
interface Frame {
  readonly node: Node;
  /** Size of what it works on, of its arguments so far, and whether a function has been found to be called. */
  operand: number;
  given: number;
  called: boolean;
}

/** Steps of any template, and more for each character of the conversation. */
const steps = { least: 1_000_000, perCharacter: 100 };
/** Characters of one text, or items of one list, at most: so many, and more for each character of the conversation. */
const lengths = { least: 1_000_000, perCharacter: 10 };
/** Nodes inside one another. */
const deepest = 400;
/** Characters that are copied or looked at in about the time of one step. */
const charactersInStep = 16;

function render(program: Node, values: Readonly<Record<string, unknown>>): string {
  const characters = JSON.stringify(values).length;
  const longest = lengths.least + lengths.perCharacter * characters;
  const environment = new Environment();
  for (const [name, value] of Object.entries({ ...globals(longest), ...values }))
    environment.set(name, value);
  // @huggingface/jinja keeps from its types what is bounded here.
  const interpreter = new Interpreter(environment) as unknown as Evaluator;
  bound(interpreter, steps.least + steps.perCharacter * characters, longest);
  return String(interpreter.run(program).value);
}

/** As the library has them, but for lists that would be too long. */
function globals(longest: number): Record<string, unknown> {
  const times = new Map<string, string>();
  const clock = new Template("{{ strftime_now(format) }}");
  return {
    ...{ true: true, True: true, false: false, False: false, none: null, None: null },
    raise_exception: (message: string) => {
      throw new Error(message);
    },
    range: (...limits: number[]) => range(limits, longest),
    strftime_now: (format: string) => {
      const known = times.get(format) ?? clock.render({ format });
      if (times.set(format, known).size > mostTimes)
        throw new Error(`must write the time in at most ${mostTimes} ways`);
      return known;
    },
  };
}

const mostTimes = 50;

function range(limits: readonly number[], longest: number): number[] {
  const [start, stop, step = 1] = limits.length < 2 ? [0, limits[0]] : limits;
  if (step === 0) throw new Error("range() step must not be zero");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= longest)) throw new Error(`range() must have at most ${longest} items, got ${length}`);
  return Array.from({ length }, (_, i) => Number(start) + i * step);
}

/** Filters and methods whose work is the product of what they are given, and those that compare again and again. */
const multiplying = new Set(["join", "replace", "split", "indent", "tojson"]);
const sorting = new Set(["sort", "dictsort"]);
/** Filters whose time does not depend on the length of what they are given. */
const constantTime = new Set(["length", "count", "first", "last", "list", "default", "safe"]);

/** Has an interpreter count its steps, and stop. */
function bound(interpreter: Evaluator, mostSteps: number, longest: number): void {
  const evaluate = interpreter.evaluate.bind(interpreter);
  const frames: Frame[] = [];
  /** Sizes of what methods belong to, by the method. */
  const owners = new WeakMap<Value, number>();
  let left = mostSteps;
  const spend = (cost: number) => {
    left -= cost;
    if (!(left >= 0)) throw new Error(`takes more than ${mostSteps} steps; it may loop without end`);
  };
  const written = (value: Value) => writtenSize(value, left * charactersInStep);
  const spendFor = (size: number) => spend(size / charactersInStep);

  const charge: Readonly<Record<string, (frame: Frame, node: Node, value: Value) => void>> = {
    For({ node: loop }, node, value) {
      const iterable = loop.iterable as Node;
      if (node === iterable || node === iterable.lhs) spend(4 * lengthOf(value));
      else spendFor(written(value));
    },
    FilterExpression(frame, node, value) {
      const name = nameOf(frame.node.filter as Node);
      if (node === frame.node.operand) return filtered(frame, name, value);
      const number = name === "indent" || name === "tojson" ? Math.abs(Number(value.value)) || 0 : 0;
      const size = isText(value) || isCompound(value) ? written(value) : number;
      spendFor(size * (multiplying.has(name) ? frame.operand : 1));
    },
    BinaryExpression(frame, node, value) {
      const { value: operator } = frame.node.operator as { value: string };
      if (operator === "and" || operator === "or") return;
      const size = operator === "+" || operator === "~" ? written(value) : lengthOf(value);
      spendFor(size);
      if (operator.endsWith("in") && node === frame.node.right) spendFor(size * frame.operand);
      frame.operand = size;
    },
    CallExpression(frame, node, value) {
      if (frame.called || node !== frame.node.callee) {
        spendFor(written(value));
        frame.given += lengthOf(value);
        return;
      }
      frame.called = true;
      const owner = owners.get(value) ?? 0;
      spendFor(owner * (multiplying.has(methodOf(node)) ? Math.max(1, frame.given) : 1));
    },
    MemberExpression(frame, node, value) {
      if (node !== frame.node.object) return;
      frame.operand = lengthOf(value);
      if ((frame.node.property as Node).type === "SliceExpression") spendFor(4 * frame.operand);
    },
    If: (frame, node, value) => node === frame.node.test || spendFor(written(value)),
    Set: (frame, node, value) => node === frame.node.value || spendFor(written(value)),
    TestExpression: (_, __, value) => spendFor(isText(value) ? lengthOf(value) : 0),
  };
  /** Nodes whose lists are new ones. */
  const making = new Set(["CallExpression", "FilterExpression", "BinaryExpression"]);
  /** Nodes that write out all that they evaluate. */
  const writing = new Set(["Program", "CallStatement", "FilterStatement"]);

  function filtered(frame: Frame, name: string, value: Value): void {
    frame.operand = name === "join" ? lengthOf(value) : written(value);
    if (!constantTime.has(name)) spendFor(written(value) * (sorting.has(name) ? 16 : 1));
  }

  interpreter.evaluate = (node, scope) => {
    if (node === undefined) return evaluate(node, scope);
    if (frames.length > deepest) throw new Error(`is nested more than ${deepest} deep; it may call itself`);
    const parent = frames.at(-1);
    const frame: Frame = { node, operand: 0, given: 0, called: false };
    // Calls look for the names of their arguments in all that belongs to them.
    spend(node.type === "Macro" || node.type === "CallStatement" ? nodesIn(node) : 1);
    frames.push(frame);
    let value: Value;
    try {
      value = evaluate(node, scope);
    } finally {
      frames.pop(); // Loops go on after an error that says so.
    }
    const length = lengthOf(value);
    if (length > longest)
      throw new Error(`must make texts and lists of at most ${longest} characters or items, got ${length}`);
    if (making.has(node.type) && Array.isArray(value.value)) spend(length);
    if (value.type === "FunctionValue" && node.type === "MemberExpression") owners.set(value, frame.operand);
    if (parent !== undefined) {
      charge[parent.node.type]?.(parent, node, value);
      if (writing.has(parent.node.type)) spendFor(written(value));
    }
    return value;
  };
}

function nameOf(filter: Node): string {
  return String(filter.type === "CallExpression" ? (filter.callee as Node).value : filter.value);
}

/** The name after the point; one in brackets may be any, so it counts as the dearest. */
function methodOf(callee: Node): string {
  return callee.computed ? "replace" : String((callee.property as Node | undefined)?.value);
}

function isText({ value }: Value): boolean {
  return typeof value === "string";
}

function isCompound({ value }: Value): boolean {
  return Array.isArray(value) || value instanceof Map;
}

/** Characters of a text, items of a list, keys of a mapping; 1 of anything else. */
function lengthOf({ value }: Value): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 1;
}

/** About how many characters a value has when it is written out; counting stops behind `most`. */
function writtenSize(value: Value, most: number): number {
  const rest = [value];
  let size = 0;
  for (let next = rest.pop(); next !== undefined && size <= most; next = rest.pop()) {
    size += isCompound(next) ? charactersInStep : lengthOf(next);
    if (!isCompound(next)) continue;
    const isMap = next.value instanceof Map;
    for (const item of (isMap ? (next.value as Map<string, Value>).values() : next.value) as Iterable<Value>)
      rest.push(item);
    if (isMap) for (const key of (next.value as Map<string, Value>).keys()) size += key.length + 2;
  }
  return size;
}

const counted = new WeakMap<object, number>();

/** Nodes of a part of a template. */
function nodesIn(part: unknown): number {
  if (typeof part !== "object" || part === null) return 0;
  const known = counted.get(part);
  if (known !== undefined) return known;
  const children = part instanceof Map ? [...part].flat() : Object.values(part);
  const count = children.reduce((sum: number, child) => sum + nodesIn(child), 1);
  counted.set(part, count);
  return count;
}
