/** All heads of the token that is chosen: the matrix of layers by heads, and the heads of the layer as maps. */
import { html, nothing } from "lit";
import type { AttendedToken, AttentionResult } from "../../../../lens/attention.ts";
import { tokenText } from "../../../../lens/attention-findings.ts";
import { attentionScale } from "../../../../lens/result-scale.ts";
import { type Column, coverageOf, tokenAt } from "../columns.ts";
import { linkedLayer } from "../layers.ts";
import { idOf } from "../memo.ts";
import { withHead } from "../patches.ts";
import { mapOf, sharesOf } from "../shares.ts";
import type { LookView } from "../view.ts";
import { lookOf } from "../views.ts";
import { headMultiples } from "./multiples.ts";

interface Head {
  readonly layer: number;
  readonly head: number;
}

export function heads(view: LookView) {
  const { state, columns, target, striking, toggle } = view;
  if (state.question === undefined || columns.length === 0) return nothing;
  if (columns.every((column) => lookOf(column, "before") === undefined)) return nothing;
  const what = target === undefined ? "the image" : `the ${target}`;
  return html`<section class="heads" aria-label="Heads">
    <div class="row between">
      <h2>Heads</h2>
      <button aria-pressed=${striking} @click=${() => toggle("striking")}>knock out heads by a click</button>
    </div>
    <p class="caption">Share of each head’s attention on ${what}: 0 to 1 in every model. A click ${striking ? "strikes a head, or brings it back" : "shows the head over the picture"}.</p>
    <div class="columns" data-count=${view.slots.length}>
      ${view.slots.map((slot) => {
        const column = columns.find(({ letter }) => letter === slot.letter);
        return html`<div .style=${`--model: var(--model-${slot.letter})`}>${column === undefined ? nothing : headsOf(column, view)}</div>`;
      })}
    </div>
  </section>`;
}

function headsOf(column: Column, view: LookView) {
  const { state, striking, struck, picture, target, memo } = view;
  const look = lookOf(column, "before");
  const token = tokenAt(look, state.token);
  if (look === undefined || token === undefined) return nothing;
  const letter = column.letter;
  const key = `heads ${column.letter} ${JSON.stringify(state.token)} ${state.question} ${target} ${idOf(look)}`;
  const shares = memo(key, () => headShares(token, look, view));
  const own = struck.heads.filter((one) => one.letter === letter);
  const chosen = state.head === undefined ? undefined : { layer: column.attending, head: state.head };
  return html`<div class="row"><span class="letter">${letter.toUpperCase()}</span>
      <span class="caption">token “${tokenText(token)}”: layers downwards, heads across</span></div>
    <fovea-heads
      .shares=${shares}
      .layers=${column.card.attentionLayers}
      .what=${target === undefined ? "on the image" : `on the ${target}`}
      .struck=${own}
      .strikable=${striking}
      .chosen=${chosen}
      .mapOf=${memo(`mapOf ${key}`, () => (head: Head) => headMap(head, token, look))}
      .picture=${picture.image}
      .label=${`heads by layer, model ${letter.toUpperCase()}`}
      @fovea-head-choose=${(event: CustomEvent<Head>) => choose(event.detail, column, view)}
      @fovea-head-strike=${(event: CustomEvent<Head & { readonly struck: boolean }>) => {
        const { layer, head, struck: isOut } = event.detail;
        view.strike(withHead(struck, { letter, layer, head }, isOut));
      }}
    ></fovea-heads>
    <h3>Layer ${column.attending}, head by head, with its share on the image</h3>
    ${headMultiples(column, view)}`;
}

function choose({ layer, head }: Head, { card }: Column, { columns, set }: LookView): void {
  const depth = columns[0].card.layers;
  const first = linkedLayer(layer, card.layers, depth);
  set({ layer: first === depth ? undefined : first, head, over: "attention" });
}

/** [L][H]: of each head's attention, what lies on the target, or on the image where none is known. */
function headShares(token: AttendedToken, look: AttentionResult, { regions }: LookView): number[][] {
  const target = regions && coverageOf(regions, look.geometry);
  return token.layers.map((layer) =>
    layer.headShares.map((share, h) =>
      target === undefined ? share : (sharesOf(layer, { head: h + 1, target }).target ?? 0),
    ),
  );
}

function headMap({ layer: wanted, head }: Head, token: AttendedToken, look: AttentionResult) {
  const layer = token.layers.find(({ layer: one }) => one === wanted);
  if (layer === undefined || layer.heads.length === 0) return undefined;
  return { values: mapOf(layer, head)[0], geometry: look.geometry, scale: attentionScale(look) };
}
