/** How much of each patch's own content is left with depth, as a curve for each model. */
import { html, nothing } from "lit";
import type { Column } from "../columns.ts";
import { idOf } from "../memo.ts";
import { localityText } from "../sentences.ts";
import { type Curve, curves } from "../state.ts";
import type { LookView } from "../view.ts";

const titles: Readonly<Record<Curve, { readonly title: string; readonly axis: string }>> = {
  information: { title: "what its word tells of a patch", axis: "bits" },
  identity: { title: "nearest to its own input", axis: "share of patches" },
  precision: { title: "its word against the truth", axis: "average precision" },
};

export function locality(view: LookView) {
  const { columns, state, set } = view;
  const isOpen = state.curve !== undefined;
  if (columns.length === 0) return nothing;
  return html`<details class="locality" ?open=${isOpen} @toggle=${(event: Event) => {
    const { open } = event.target as HTMLDetailsElement;
    if (open !== isOpen) set({ curve: open ? "information" : undefined });
  }}>
    <summary><h2>Locality by depth</h2></summary>
    ${state.curve === undefined ? nothing : opened(view, state.curve)}
  </details>`;
}

function opened(view: LookView, curve: Curve) {
  const { columns, memo, state, set } = view;
  const ready = columns.filter((column) => column.locality !== undefined);
  const withTruth = ready.some((column) => column.locality?.truth !== undefined);
  const shown = curve === "precision" && !withTruth ? "information" : curve;
  const choices = curves.filter((one) => one !== "precision" || withTruth);
  const series = memo(
    `curves ${shown} ${state.picture} ${ready.map(({ letter, locality }) => `${letter}${idOf(locality)}`)}`,
    () =>
      ready.map((column) => ({
        name: column.slot.title,
        colour: `var(--model-${column.letter})`,
        points: pointsOf(column, shown),
      })),
  );
  const [first] = columns;
  return html`<div class="row segments" role="group" aria-label="What is measured">
      ${choices.map((one) => html`<button aria-pressed=${one === shown} @click=${() => set({ curve: one })}>${titles[one].title}</button>`)}
    </div>
    ${
      ready.length === 0
        ? html`<p class="muted">measuring …</p>`
        : html`<fovea-curves .series=${series} x="share of the depth" .y=${titles[shown].axis}
            .domain=${domainOf(shown)} .cursor=${first.layer / first.card.layers}
            .label=${`Locality by depth: ${titles[shown].title}`}></fovea-curves>
          <p class="sentence-small">${textOf(ready, shown)}</p>`
    }`;
}

function domainOf(curve: Curve): readonly [number, number] | undefined {
  return curve === "information" ? undefined : [0, 1];
}

/** [share of the depth, value], so that models of different depth can be compared. */
function pointsOf({ locality, card }: Column, curve: Curve): [number, number][] {
  if (locality === undefined) return [];
  if (curve === "precision")
    return (locality.truth ?? []).map(({ layer, averagePrecision }) => [
      layer / card.layers,
      averagePrecision,
    ]);
  return locality.layers.map((at) => [at.layer / card.layers, at[curve]]);
}

function textOf(ready: readonly Column[], curve: Curve): string {
  const models = ready.map((column) => {
    const points = pointsOf(column, curve);
    return {
      letter: column.letter,
      first: points[0]?.[1] ?? Number.NaN,
      last: points.at(-1)?.[1] ?? Number.NaN,
    };
  });
  return localityText(curve, models);
}
