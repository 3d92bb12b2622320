import { plateColours, type Scene, type SceneObject } from "../scenes/placed.ts";
import {
  type Asking,
  binNames,
  boxText,
  cellNames,
  cellOf,
  clearObjects,
  evidence,
  pointText,
  type SceneTask,
  worded,
} from "./task.ts";

const wordings = ["where is {expression} ?", "find {expression} ."];

/**
 * "where is the small dog left of the car on red ?" -> its box, "12 30 40 62" in hundredths (or its cell or point). The
 * expression fits exactly one object, and clearly: every property holds or fails by a margin for every object.
 */
export const referring: SceneTask = {
  description: "find the object that an expression describes",
  wordings,
  plates: 0.5,
  repeats: 0.5,
  answerType: ({ referringAnswer }) => (referringAnswer === "point" ? "points" : referringAnswer),
  ask(asking) {
    const { scene, random } = asking;
    const able = asking.options.referringAnswer === "cell" ? clearObjects(asking) : scene.objects;
    const found = random.shuffle(able).flatMap((object) => {
      const expression = describe(object, asking);
      return expression === undefined ? [] : [{ object, expression }];
    })[0];
    if (found === undefined) return undefined;
    const { object, expression } = found;
    return {
      question: worded(wordings, { expression: expression.text }, asking),
      answer: answerOf(object, asking),
      regions: asking.options.referringAnswer === "box" ? boxOf(object) : evidence(object, asking),
      difficulty: {
        objects: scene.objects.length,
        "same name": scene.objects.filter(({ name }) => name === object.name).length,
        expression: expression.kind,
        ...(asking.options.referringAnswer === "cell" && { grid: scene.grid }),
      },
    };
  },
  words: (grid, options) => [
    ...["the", "on", "small", "large", "left", "right", "above", "below", "of", "disc"],
    ...Object.keys(plateColours),
    ...(options.referringAnswer === "cell" ? cellNames(grid) : binNames(options)),
  ],
};

function answerOf(object: SceneObject, asking: Asking): string {
  const { scene, options } = asking;
  if (options.referringAnswer === "cell") return cellOf(scene, object);
  if (options.referringAnswer === "point") return pointText(object.centre, asking);
  return boxText(object.box, asking);
}

function boxOf({ box }: SceneObject) {
  return [{ kind: "box", box }] as const;
}

/** Whether a property holds for an object; undefined when it is not clear. */
type Holds = (object: SceneObject, scene: Scene) => boolean | undefined;

interface Expression {
  /** What it is made of: "name", "name + size", "name + relation", ... */
  readonly kind: string;
  readonly text: string;
  readonly holds: Holds;
}

/** Of the expressions that fit this object alone, one of random kind; those that say no more than needed first. */
function describe(target: SceneObject, { scene, random }: Asking): Expression | undefined {
  const simple = simpleExpressions(target);
  const anchors = scene.objects.filter((object) => object !== target);
  const related = anchors.flatMap((anchor) =>
    simpleExpressions(anchor)
      .filter((expression) => fitsOnly(expression, anchor, scene))
      .flatMap((where) => simple.flatMap((what) => relatedTo(what, where, anchor))),
  );
  const fits = (expression: Expression) => fitsOnly(expression, target, scene);
  const twins = scene.objects.some((object) => object !== target && object.name === target.name);
  const plain = simple.filter(fits);
  if (!twins) return plain[0];
  const all = [...plain, ...related.filter(fits)];
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  if (kinds.length === 0) return undefined;
  const kind = random.pick(kinds);
  return random.pick(all.filter((expression) => expression.kind === kind));
}

function fitsOnly({ holds }: Expression, target: SceneObject, scene: Scene): boolean {
  return scene.objects.every((object) => holds(object, scene) === (object === target));
}

/** The name alone, with its size among its like, and with the disc below it. */
function simpleExpressions({ name, plate }: SceneObject): Expression[] {
  const named: Holds = (object) => object.name === name;
  const sized = (["small", "large"] as const).map((size) => ({
    kind: "size",
    text: `the ${size} ${name}`,
    holds: both(named, (object, scene) => isOfSize(object, scene, size)),
  }));
  const colour = plate !== undefined && plate.visible >= leastShown ? plate.colour : undefined;
  const onDisc = colour && {
    kind: "disc",
    text: `the ${name} on the ${colour} disc`,
    holds: both(named, (object) => standsOn(object, colour)),
  };
  return [{ kind: "name", text: `the ${name}`, holds: named }, ...sized, ...(onDisc ? [onDisc] : [])];
}

/** Both hold, as far as is clear: one that clearly fails settles it. */
function both(first: Holds, second: Holds): Holds {
  return (object, scene) => {
    const [a, b] = [first(object, scene), second(object, scene)];
    if (a === false || b === false) return false;
    return a === true && b === true ? true : undefined;
  };
}

/** Colours are spoken of when this much of the disc shows. */
export const leastShown = 0.2;

function standsOn({ plate }: SceneObject, colour: string): boolean | undefined {
  if (plate === undefined) return false;
  if (plate.colour !== colour) return false;
  return plate.visible >= leastShown ? true : undefined;
}

/** Smaller or larger than all others of its name, by at least this factor in its side. */
const clearFactor = 1.25;

function isOfSize(object: SceneObject, { objects }: Scene, size: "small" | "large"): boolean | undefined {
  const others = objects.filter((other) => other !== object && other.name === object.name);
  if (others.length === 0) return false;
  const ratios = others.map((other) => object.placement.side / other.placement.side);
  const ratio = size === "small" ? 1 / Math.max(...ratios) : Math.min(...ratios);
  if (ratio >= clearFactor) return true;
  return ratio <= 1 / clearFactor ? false : undefined;
}

/** Least distance of two centres for a relation, as a share of the image's side; less than the other way is unclear. */
const clearDistance = 0.12;

/** Whether something lies clearly so, or clearly not, by its offset in shares of the side; undefined: neither. */
export const relations = {
  "left of": ([dx, dy]: Offset) => beyond(-dx, dy),
  "right of": ([dx, dy]: Offset) => beyond(dx, dy),
  above: ([dx, dy]: Offset) => beyond(-dy, dx),
  below: ([dx, dy]: Offset) => beyond(dy, dx),
} as const;

/** Shares of the picture's sides, to the right and down. */
export type Offset = readonly [dx: number, dy: number];

/** Clearly in a direction: farther along it than aside. Clearly not: on the other side, or far more aside. */
function beyond(along: number, aside: number): boolean | undefined {
  if (along >= clearDistance && along >= Math.abs(aside)) return true;
  return along <= 0 || Math.abs(aside) >= 2 * along ? false : undefined;
}

function relatedTo(what: Expression, where: Expression, anchor: SceneObject): Expression[] {
  return Object.entries(relations).map(([words, holds]) => ({
    kind: what.kind === "name" ? "relation" : `${what.kind} + relation`,
    text: `${what.text} ${words} ${where.text}`,
    holds: both(what.holds, (object, { image }) => {
      if (object === anchor) return false;
      const [dx, dy] = [0, 1].map((i) => object.centre[i] - anchor.centre[i]);
      return holds([dx / image.width, dy / image.height]);
    }),
  }));
}
