/** What the sentence says of each model. */
import { lensSentence, readable, saidAt } from "../../../lens/findings.ts";
import type { Column } from "./columns.ts";
import { cutMask, isReversed, valueAt } from "./cut.ts";
import { layerText } from "./layers.ts";
import { idOf } from "./memo.ts";
import { coverageIn } from "./memoized.ts";
import { struckText } from "./patches.ts";
import type { Seen, SentenceFacts } from "./sentences.ts";
import { sharesOf } from "./shares.ts";
import { isStruck } from "./state.ts";
import type { LookView } from "./view.ts";
import { attendedLayer, relevantToken } from "./views.ts";

export function factsOf(view: LookView): SentenceFacts {
  const { state, columns, target } = view;
  const layer = depthText(
    columns.map((column) => ({
      ...column,
      at: state.over === "attention" || state.over === "relevance" ? column.attending : column.layer,
    })),
  );
  return {
    over: state.over,
    concept: state.concept,
    layer,
    question: state.question,
    target,
    ...(isStruck(view.struck) && { struck: struckText(view.struck) }),
    seen: columns.map((column) => ({
      letter: column.letter,
      ...(column.look && { answer: column.look.answer }),
      ...(column.after && { after: column.after.after.attention.answer }),
      ...seers[state.over](column, view),
    })),
  };
}

/** "layer 4 of 4"; of models of unequal depth each one's. */
export function depthText(
  columns: readonly (Pick<Column, "letter" | "card"> & { readonly at: number })[],
): string {
  const texts = columns.map(({ at, card }) => layerText(at, card.layers));
  if (new Set(texts).size < 2) return texts[0] ?? "";
  return columns.map(({ letter }, i) => `${texts[i]} of ${letter.toUpperCase()}`).join(" and ");
}

type SeenPart = Omit<Seen, "letter">;

const seers: Readonly<Record<LookView["state"]["over"], (column: Column, view: LookView) => SeenPart>> = {
  concept: conceptSeen,
  words: wordsSeen,
  attention: attentionSeen,
  relevance: relevanceSeen,
};

function conceptSeen({ lens, layer }: Column, { shared, state, shown, memo }: LookView): SeenPart {
  if (lens === undefined || lens.lens.concepts.length === 0) return {};
  const result = lens.lens;
  const sentence = { says: saidAt(result, 0, layer), lens: lensSentence(result, 0, layer) };
  if (state.cut === undefined || shared === undefined || shown === undefined) return sentence;
  const threshold = valueAt(shared.scale, state.cut, shared.ends);
  const options = { reversed: isReversed(shared.ends), regions: shown };
  const { maps } = result.layers[layer];
  const { iou } = memo(`iou ${idOf(maps)} ${threshold} ${idOf(shown)}`, () =>
    cutMask(maps[0], result.geometry, threshold, options),
  );
  return { ...sentence, ...(iou !== undefined && { iou }) };
}

/** A patch is certain of a word from here on. */
const certain = 0.5;

function wordsSeen({ lens, layer }: Column): SeenPart {
  const words = lens?.lens.layers[layer]?.words;
  if (words === undefined || words.length === 0) return {};
  const best = new Map<string, number>();
  for (const [word] of words) {
    if (word === undefined || word.probability < certain) continue;
    const text = readable(word.token);
    best.set(text, Math.max(best.get(text) ?? 0, word.probability));
  }
  return { words: [...best].sort((a, b) => b[1] - a[1]).map(([word]) => word) };
}

function attentionSeen(column: Column, { state, regions, memo }: LookView): SeenPart {
  const { look } = column;
  const layer = attendedLayer(column, "before", state);
  if (look === undefined || layer === undefined) return {};
  const target = regions && coverageIn(memo, regions, look.geometry);
  const shares = sharesOf(layer, {
    ...(state.head !== undefined && { head: state.head }),
    ...(target && { target }),
  });
  return {
    answer: look.answer,
    ended: look.ended,
    image: shares.image,
    ...(shares.target !== undefined && { target: shares.target }),
  };
}

function relevanceSeen(column: Column, { state, regions, memo }: LookView): SeenPart {
  const token = relevantToken(column, "before", state);
  const { relevance } = column;
  if (token === undefined || relevance === undefined) return {};
  const target = regions && coverageIn(memo, regions, relevance.geometry);
  const onTarget = target && token.map.reduce((sum, value, n) => sum + value * target[n], 0);
  return {
    answer: relevance.answer,
    ended: relevance.ended,
    image: token.share,
    ...(onTarget !== undefined && { target: onTarget }),
  };
}
