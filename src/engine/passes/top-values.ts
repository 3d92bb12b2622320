/** Where only the last few of sorted values are read, nothing else is sorted. */
import type { Equation, Operand, Program, Var } from "../ir.ts";
import { isLiteral, literal } from "../ir.ts";

/**
 * `argsort(flip(x))` of which only the last k places are read (jax's top-k) becomes the equation `largest`: the k
 * largest values of x along its last axis and their places, in the order in which the sorting leaves them.
 */
export function keepTopValues(program: Program): Program {
  const defs = new Map(program.equations.flatMap((made) => made.outputs.map(({ id }) => [id, made])));
  const rewritten = new Map<Equation, readonly Equation[]>();
  const short = new Map<number, Var>();
  for (const sort of program.equations) {
    const flip = sort.primitive === "argsort" ? definition(sort.inputs[0], defs) : undefined;
    const top = flip && flipsLastAxis(flip) ? topPlacesOf(sort, program) : undefined;
    if (flip === undefined || top === undefined) continue;
    const outputs = sort.outputs.map((v) => top.vars.get(v.id) as Var);
    rewritten.set(sort, [{ primitive: "largest", inputs: flip.inputs, params: { k: top.k }, outputs }]);
    for (const one of top.between) rewritten.set(one, [shortened(one, top.vars)]);
    for (const one of top.slices) {
      rewritten.set(one, []);
      short.set(one.outputs[0].id, top.vars.get((one.inputs[0] as Var).id) as Var);
    }
  }
  const rename = (x: Operand) => (isLiteral(x) ? x : (short.get(x.id) ?? x));
  const equations = program.equations.flatMap((equation) => rewritten.get(equation) ?? [equation]);
  return {
    ...program,
    equations: equations.map((equation) => ({ ...equation, inputs: equation.inputs.map(rename) })),
    outputs: program.outputs.map(rename),
  };
}

function definition(x: Operand, defs: ReadonlyMap<number, Equation>): Equation | undefined {
  return isLiteral(x) ? undefined : defs.get(x.id);
}

function flipsLastAxis({ primitive, params, outputs }: Equation): boolean {
  return primitive === "flip" && `${params.axis}` === `${outputs[0].shape.length - 1}`;
}

interface TopPlaces {
  readonly k: number;
  /** Shorter variables for those that hold all places. */
  readonly vars: ReadonlyMap<number, Var>;
  /** Elementwise equations between sorting and slicing. */
  readonly between: readonly Equation[];
  readonly slices: readonly Equation[];
}

/** Undefined where somebody reads more than the last k places. */
function topPlacesOf({ outputs }: Equation, program: Program): TopPlaces | undefined {
  const slices: Equation[] = [];
  const between: Equation[] = [];
  const whole: Var[] = [...outputs];
  for (let v = whole[0], i = 0; v !== undefined; v = whole[++i]) {
    if (program.outputs.some((x) => !isLiteral(x) && x.id === v.id)) return undefined;
    for (const user of program.equations.filter((one) => reads(one, v))) {
      if (takesLastPlaces(user)) slices.push(user);
      else if (!isShift(user)) return undefined;
      else {
        between.push(user);
        whole.push(user.outputs[0]);
      }
    }
  }
  const lengths = new Set(slices.map(({ outputs: [out] }) => out.shape.at(-1) as number));
  if (lengths.size !== 1) return undefined;
  const [k] = lengths;
  const vars = new Map(whole.map((v) => [v.id, { ...v, shape: [...v.shape.slice(0, -1), k] }]));
  return { k, vars, between, slices };
}

function reads({ inputs }: Equation, { id }: Var): boolean {
  return inputs.some((x) => !isLiteral(x) && x.id === id);
}

function takesLastPlaces({ primitive, params, inputs: [x] }: Equation): boolean {
  if (primitive !== "shrink") return false;
  const bounds = params.slice as readonly (readonly [number, number])[];
  return bounds.every(([start, stop], i) => stop === x.shape[i] && (start === 0 || i === x.shape.length - 1));
}

/** -x or x + a: what turns places around. */
function isShift({ primitive, inputs }: Equation): boolean {
  return primitive === "neg" || (primitive === "add" && inputs.some(isLiteral));
}

function shortened(equation: Equation, vars: ReadonlyMap<number, Var>): Equation {
  const inputs = equation.inputs.map((x) =>
    isLiteral(x) ? literal(x.value, { dtype: x.dtype, shape: [] }) : (vars.get(x.id) ?? x),
  );
  return { ...equation, inputs, outputs: equation.outputs.map((v) => vars.get(v.id) ?? v) };
}
