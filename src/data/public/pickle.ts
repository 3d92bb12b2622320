import { mustBe } from "../../common/errors.ts";

/**
 * Reads a Python pickle of plain data (lists, tuples, dicts, texts, numbers, booleans, None), protocols 0 to
 * 5 (Python's `pickletools` describes them). Nothing is ever imported, called or built: a pickle that asks
 * for it is refused with a `UserError`, as is one that is cut off. Tuples become lists; keys of dicts become
 * texts. A dict with another key than a text, a number, a boolean or None goes without that entry, and {@link oddKey}
 * says so. Takes time in proportion to the bytes; what a value refers to twice is there once, so that walking through it
 * may take longer: see {@link sizeUpTo}.
 */
export function readPickle(bytes: Uint8Array, what: string): unknown {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const machine: Machine = { bytes: whole, at: 0, stack: [], marks: [], memo: new Map() };
  try {
    for (let step = 0; ; step++) {
      if (step > MOST_STEPS) throw new RangeError(`more than ${MOST_STEPS} steps`);
      const code = take(machine, 1)[0];
      if (code === STOP) return machine.stack.pop();
      const operation = operations[code];
      if (operation === undefined) throw new RangeError(`code ${show(code)} at byte ${machine.at - 1}`);
      operation(machine);
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw mustBe(what, "content", "a whole pickle of plain lists, dicts, texts and numbers", cause.message);
  }
}

/** Each may leave a value in memory. The 142,210 expressions of RefCOCO take about 5 million. */
const MOST_STEPS = 60_000_000;

interface Machine {
  readonly bytes: Buffer;
  at: number;
  stack: unknown[];
  /** The stacks below each mark. */
  readonly marks: unknown[][];
  readonly memo: Map<number, unknown>;
}

type Dict = Record<string, unknown>;
type Operation = (machine: Machine) => void;

const STOP = 0x2e;

function take(machine: Machine, length: number): Buffer {
  const end = machine.at + length;
  if (!(length >= 0 && end <= machine.bytes.length)) throw new RangeError("a file that is cut off");
  const taken = machine.bytes.subarray(machine.at, end);
  machine.at = end;
  return taken;
}

function takeLine(machine: Machine): string {
  const end = machine.bytes.indexOf(10, machine.at);
  if (end < 0) throw new RangeError("a file that is cut off");
  const line = take(machine, end - machine.at).toString("latin1");
  machine.at++;
  return line.replace(/\r$/, "");
}

/** Little endian, unsigned. */
function takeLength(machine: Machine, size: number): number {
  return take(machine, size).reduceRight((sum, byte) => sum * 256 + byte, 0);
}

/** Two's complement of any length, exact to 2^53 and rounded beyond. */
function takeLong(machine: Machine, size: number): number {
  const bytes = take(machine, size);
  if (size === 0) return 0;
  const isNegative = bytes[size - 1] > 127;
  // The bits of a negative one are turned over, so that -1 needs no subtraction of large numbers.
  const magnitude = bytes.reduceRight((sum, byte) => sum * 256 + (isNegative ? 255 - byte : byte), 0);
  return isNegative ? -magnitude - 1 : magnitude;
}

/** Python 2 wrote texts as bytes: mostly ASCII, otherwise UTF-8 or Latin-1. */
function byteText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.includes("\ufffd") ? bytes.toString("latin1") : text;
}

/** The `repr` of a text: quotes, and escapes of which `\xNN` stands for a byte. */
function quotedText(line: string): string {
  const inner = line.slice(1, -1).replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (_, hex?: string, char?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return { n: "\n", r: "\r", t: "\t" }[char!] ?? char!;
  });
  return byteText(Buffer.from(inner, "latin1"));
}

/** "Raw unicode escape": Latin-1, with `\uXXXX` and `\UXXXXXXXX` for the rest. */
function escapedText(line: string): string {
  return line.replace(/\\(?:u([0-9a-f]{4})|U([0-9a-f]{8}))/g, (_, short?: string, long?: string) =>
    String.fromCodePoint(Number.parseInt(short ?? long!, 16)),
  );
}

function number(text: string): number {
  const value = Number(text.replace(/L$/, ""));
  if (text.trim() === "" || Number.isNaN(value)) throw new RangeError(`the number ${text}`);
  return value;
}

/** The values above the last mark, which is taken away. */
function sinceMark(machine: Machine): unknown[] {
  const values = machine.stack;
  const below = machine.marks.pop();
  if (below === undefined) throw new RangeError("a list without a beginning");
  machine.stack = below;
  return values;
}

function top(machine: Machine): unknown {
  if (machine.stack.length === 0) throw new RangeError("a value too few");
  return machine.stack.at(-1);
}

function append(machine: Machine, values: readonly unknown[]): void {
  const list = top(machine);
  if (!Array.isArray(list)) throw new RangeError("an append to what is no list");
  for (const value of values) list.push(value);
}

function assign(machine: Machine, pairs: readonly unknown[]): void {
  const dict = top(machine);
  if (typeof dict !== "object" || dict === null || Array.isArray(dict))
    throw new RangeError("an entry for what is no dict");
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const key = pairs[i];
    if (typeof key === "object" && key !== null)
      odd.set(dict, Array.isArray(key) ? "a list or tuple" : "a dict");
    else (dict as Dict)[String(key)] = pairs[i + 1];
  }
}

const newDict = (): Dict => Object.create(null);

/** Dicts with a key that no text stands for, and what that key is. */
const odd = new WeakMap<object, string>();

/** What a dict of a pickle has for a key that is none of data: "a list or tuple"; undefined where all are texts or numbers. */
export function oddKey(value: unknown): string | undefined {
  return typeof value === "object" && value !== null ? odd.get(value) : undefined;
}

const push =
  (read: (machine: Machine) => unknown): Operation =>
  (machine) => {
    const value = read(machine); // First: it may change which stack is the top one.
    machine.stack.push(value);
  };

const put =
  (key: (machine: Machine) => number): Operation =>
  (machine) =>
    void machine.memo.set(key(machine), top(machine));

const get = (key: (machine: Machine) => number): Operation =>
  push((machine) => {
    const at = key(machine);
    if (!machine.memo.has(at)) throw new RangeError(`value ${at} before it is there`);
    return machine.memo.get(at);
  });

const lastOf = (count: number): Operation => push(({ stack }) => stack.splice(-count, count));

const sized = (size: number, read: (bytes: Buffer) => unknown): Operation =>
  push((machine) => read(take(machine, takeLength(machine, size))));

const utf8 = (bytes: Buffer) => bytes.toString("utf8");

const operations: Readonly<Record<number, Operation>> = {
  ...byCharacter({
    "(": (machine) => {
      machine.marks.push(machine.stack);
      machine.stack = [];
    },
    "0": ({ stack }) => void stack.pop(),
    "1": (machine) => void sinceMark(machine),
    "2": push(top),
    N: push(() => null),
    I: push((machine) => {
      const line = takeLine(machine);
      return line === "01" ? true : line === "00" ? false : number(line);
    }),
    L: push((machine) => number(takeLine(machine))),
    F: push((machine) => number(takeLine(machine))),
    J: push((machine) => take(machine, 4).readInt32LE()),
    K: push((machine) => takeLength(machine, 1)),
    M: push((machine) => takeLength(machine, 2)),
    G: push((machine) => take(machine, 8).readDoubleBE()),
    S: push((machine) => quotedText(takeLine(machine))),
    V: push((machine) => escapedText(takeLine(machine))),
    T: sized(4, byteText),
    U: sized(1, byteText),
    X: sized(4, utf8),
    B: sized(4, byteText),
    C: sized(1, byteText),
    "]": push(() => []),
    ")": push(() => []),
    "}": push(newDict),
    l: push(sinceMark),
    t: push(sinceMark),
    d: (machine) => {
      const pairs = sinceMark(machine);
      machine.stack.push(newDict());
      assign(machine, pairs);
    },
    a: (machine) => append(machine, [machine.stack.pop()]),
    e: (machine) => append(machine, sinceMark(machine)),
    s: (machine) => assign(machine, machine.stack.splice(-2, 2)),
    u: (machine) => assign(machine, sinceMark(machine)),
    p: put((machine) => number(takeLine(machine))),
    q: put((machine) => takeLength(machine, 1)),
    r: put((machine) => takeLength(machine, 4)),
    g: get((machine) => number(takeLine(machine))),
    h: get((machine) => takeLength(machine, 1)),
    j: get((machine) => takeLength(machine, 4)),
  }),
  128: (machine) => void take(machine, 1), // The protocol's number,
  149: (machine) => void take(machine, 8), // and a frame's length, say nothing of the data.
  133: lastOf(1),
  134: lastOf(2),
  135: lastOf(3),
  136: push(() => true),
  137: push(() => false),
  138: push((machine) => takeLong(machine, takeLength(machine, 1))),
  139: push((machine) => takeLong(machine, takeLength(machine, 4))),
  140: sized(1, utf8),
  141: sized(8, utf8),
  142: sized(8, byteText),
  148: put(({ memo }) => memo.size),
};

function byCharacter(named: Record<string, Operation>): Record<number, Operation> {
  return Object.fromEntries(Object.entries(named).map(([char, run]) => [char.charCodeAt(0), run]));
}

function show(code: number): string {
  return code > 32 && code < 127 ? String.fromCharCode(code) : `0x${code.toString(16)}`;
}
