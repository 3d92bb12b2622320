/** Writes a program segment by segment, so that none can run before the one that stands before it. */
import { sizeOf } from "../host.ts";
import type { Equation, Operand, Program, Var } from "../ir.ts";
import { isLiteral } from "../ir.ts";
import { aliasing, bytesOf, variables } from "./lifetimes.ts";

/** Elements of an array that may pass without a gate. */
const tiny = 64;

export interface WriterOptions {
  readonly program: Program;
  /** Values of at most this many bytes need not be made twice. */
  readonly small: number;
  /** Inputs of the program whose values are known, and their views: nothing can wait for them. */
  readonly constants: ReadonlySet<number>;
}

/** Writes segments one after the other, each behind gates that wait for the one before. */
export function makeWriter({ program, small, constants }: WriterOptions) {
  const equations: Equation[] = [];
  const ids = [...program.inputs, ...program.equations.flatMap(({ outputs }) => outputs)].map(({ id }) => id);
  let next = ids.reduce((most, id) => Math.max(most, id), 0) + 1;
  let waitFor: readonly Operand[] = [];
  const fresh = (variable: Var): Var => ({ ...variable, id: next++ });
  const inputs = new Set(program.inputs.map(({ id }) => id));
  /** The current name of a variable that was repeated. */
  const latest = new Map<number, Var>();

  function gate(variable: Var): Var {
    const out = fresh(variable);
    equations.push({ primitive: "gate", inputs: [variable, ...waitFor], params: {}, outputs: [out] });
    return out;
  }

  function segment(list: readonly Equation[], recomputed: readonly Equation[] = []): void {
    const repeated = new Set(recomputed);
    const local = new Map<number, Var>();
    const read = (x: Operand, isSource: boolean): Operand => {
      if (isLiteral(x)) return x;
      const known = local.get(x.id);
      if (known) return known;
      const isGiven = constants.has(x.id) || (inputs.has(x.id) && !isSource);
      const passes = waitFor.length === 0 || sizeOf(x.shape) <= tiny || isGiven;
      const made = passes ? x : gate(latest.get(x.id) ?? x);
      if (!passes || !isSource) local.set(x.id, made);
      return made;
    };
    const written = list.map((equation) => {
      const isSource = repeated.has(equation) && readsInputsOnly(equation);
      const operands = equation.inputs.map((x) => read(x, isSource));
      const outputs = repeated.has(equation) ? equation.outputs.map(fresh) : equation.outputs;
      equation.outputs.forEach(({ id }, i) => {
        local.set(id, outputs[i]);
        if (repeated.has(equation)) latest.set(id, outputs[i]);
      });
      const made = { ...equation, inputs: operands, outputs };
      equations.push(made);
      return made;
    });
    const results = sinks(written).filter(({ id }) => !constants.has(id));
    if (results.length > 0) waitFor = results;
  }

  /** Reads inputs of the program only, which no gate holds back, and makes something large of them. */
  function readsInputsOnly({ primitive, inputs: operands, outputs }: Equation): boolean {
    const size = outputs.reduce((sum, output) => sum + bytesOf(output), 0);
    return !aliasing.has(primitive) && size > small && variables(operands).every(({ id }) => inputs.has(id));
  }

  return { equations, segment };
}

/** Results that nothing else in the segment reads. */
function sinks(segment: readonly Equation[]): Var[] {
  const read = new Set(segment.flatMap(({ inputs }) => variables(inputs).map(({ id }) => id)));
  return segment.flatMap(({ outputs }) => (outputs.some(({ id }) => read.has(id)) ? [] : [outputs[0]]));
}
