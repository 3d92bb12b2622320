/** The same map at all layers, and at all heads of a layer: small, on one scale, each a button that shows it large. */
import { html, nothing } from "lit";
import { formatShare } from "../../../../lens/scale.ts";
import type { Column } from "../columns.ts";
import { linkedLayer } from "../layers.ts";
import type { LookView } from "../view.ts";
import { attendedLayer, type MapView } from "../views.ts";

export function layerMultiples(view: LookView) {
  const { columns } = view;
  if (view.state.over === "relevance") return nothing;
  if (columns.every((column) => view.mapOf(column, "before").map === undefined)) return nothing;
  return html`<section class="multiples" aria-label="All layers">
    <h2>All layers</h2>
    ${columns.map((column) => layerRow(column, view))}
  </section>`;
}

/** The bar of the scale that all maps have, and which scale that is. */
export function scaleBar(view: LookView) {
  if (view.shared === undefined) return nothing;
  return html`<div class="scale row">
    <fovea-scale full .scale=${view.shared.scale}></fovea-scale>
    <p class="caption">${scaleText(view)}</p>
  </div>`;
}

/** Which scale the maps have, said in words. */
function scaleText({ state, columns }: LookView): string {
  const these = columns.length > 1 ? "these models" : "this model";
  if (state.over === "concept" && state.space === "logit")
    return `Logits have no fixed scale: this one spans all layers of ${these}.`;
  if (state.own && !(state.over === "concept" && state.space === "rank") && state.over !== "words")
    return `Own scale: it spans the maps of ${these}, so colours cannot be compared with another picture’s.`;
  return "Fixed scale: the same for every picture, model and layer.";
}

function layerRow(column: Column, view: LookView) {
  const { state, columns, set, picture } = view;
  const isAttention = state.over === "attention";
  const all = isAttention ? column.card.attentionLayers : [...Array(column.card.layers + 1).keys()];
  const current = isAttention ? column.attending : column.layer;
  const depth = columns[0].card.layers;
  const choose = (layer: number) => {
    const first = linkedLayer(layer, column.card.layers, depth);
    set({ layer: first === depth ? undefined : first });
  };
  return html`<div class="band" role="group" aria-label=${`Layers of model ${column.letter.toUpperCase()}`}
    .style=${`--model: var(--model-${column.letter})`}>
    <span class="letter">${column.letter.toUpperCase()}</span>
    <div class="smalls">${all.map((layer) =>
      small(
        `layer ${layer}`,
        `${layer}`,
        layer === current,
        () => choose(layer),
        view.mapWith(column, { layer }),
        picture.image,
      ),
    )}</div>
  </div>`;
}

function small(
  label: string,
  caption: string,
  isChosen: boolean,
  choose: () => void,
  { map }: MapView,
  image: LookView["picture"]["image"],
) {
  return html`<button class="small" aria-pressed=${isChosen} aria-label=${label} @click=${choose}>
    <fovea-map still .picture=${image} .map=${map} .label=${label}></fovea-map>
    <span class="figures" aria-hidden="true">${caption}</span>
  </button>`;
}

/** The heads of the layer that is shown, side by side. */
export function headMultiples(column: Column, view: LookView) {
  const layer = attendedLayer(column, "before", view.state);
  if (layer === undefined || layer.heads.length === 0) return nothing;
  const { state, set, picture } = view;
  return html`<div class="smalls" role="group" aria-label=${`Heads of layer ${layer.layer}, model ${column.letter.toUpperCase()}`}>
    ${small("mean of the heads", "mean", state.head === undefined, () => set({ head: undefined, over: "attention" }), view.mapWith(column, { head: 0 }), picture.image)}
    ${layer.heads.map((_, h) => {
      const share = layer.headShares[h];
      const caption = `${h + 1} · ${formatShare(share)}`;
      const label = `head ${h + 1}, ${formatShare(share)} of its attention on the image`;
      return small(
        label,
        caption,
        state.head === h + 1,
        () => set({ head: h + 1, over: "attention" }),
        view.mapWith(column, { head: h + 1 }),
        picture.image,
      );
    })}
  </div>`;
}
