/** What each model answers, and where the token that is chosen looks: tokens are buttons, shares have their numbers. */
import { html, nothing } from "lit";
import type { AttendedToken, AttentionResult } from "../../../../lens/attention.ts";
import { tokenText } from "../../../../lens/attention-findings.ts";
import { formatProbability, formatShare } from "../../../../lens/scale.ts";
import { type Column, tokenAt } from "../columns.ts";
import { coverageIn } from "../memoized.ts";
import { sinkText } from "../sentences.ts";
import { type Shares, sharesOf } from "../shares.ts";
import { isStruck, type TokenPlace } from "../state.ts";
import type { LookView } from "../view.ts";
import { attendedLayer, lookOf, type Side } from "../views.ts";
import { answerTokens } from "../wishes.ts";

export function answers(view: LookView) {
  const { state, columns } = view;
  if (state.question === undefined) return nothing;
  return html`<section class="answers" aria-label="Answers">
    <div class="columns" data-count=${view.slots.length}>
      ${view.slots.map((slot) => {
        const column = columns.find(({ letter }) => letter === slot.letter);
        return html`<div class="answer" .style=${`--model: var(--model-${slot.letter})`}>
          ${column === undefined ? nothing : answerOf(column, view)}
        </div>`;
      })}
    </div>
  </section>`;
}

function answerOf(column: Column, view: LookView) {
  const before = lookOf(column, "before");
  const letter = html`<span class="letter">${column.letter.toUpperCase()}</span>`;
  if (before === undefined)
    return html`<div class="row">${letter} <span class="muted">${column.failed.length > 0 ? "no answer" : "asking …"}</span></div>`;
  const split = isStruck(view.struck);
  const after = split ? lookOf(column, "after") : undefined;
  return html`
    <div class="row tokens" role="group" aria-label="Tokens of the question">
      ${letter} ${(before.prompt ?? []).map((token, index) => tokenButton(token, { of: "question", index }, view))}
    </div>
    ${answerLine(before, "before", split, view)}
    ${split ? (after === undefined ? html`<p class="muted line">asking again …</p>` : answerLine(after, "after", split, view)) : nothing}
    ${split ? firstTokens(column) : nothing}
    ${shareTable(column, split ? "after" : "before", view)}
    ${sinkNote(column, before, view)}`;
}

function answerLine({ tokens, ended }: AttentionResult, side: Side, split: boolean, view: LookView) {
  const name = side === "before" ? (split ? "before" : "answer") : "now";
  const end = ended ? nothing : html`<span class="caption">no end within ${answerTokens} tokens</span>`;
  return html`<div class="row tokens line" role="group" aria-label=${`Tokens of the answer${split ? `, ${name}` : ""}`}>
    <span class="caption which">${name}</span>
    ${tokens.map((token, index) => tokenButton(token, { of: "answer", index }, view, ended && index === tokens.length - 1))}
    ${tokens.length === 0 ? html`<span class="muted">an empty answer</span>` : nothing} ${end}
  </div>`;
}

function tokenButton(token: AttendedToken, place: TokenPlace, { state, set }: LookView, isEnd = false) {
  const chosen = state.token ?? { of: "answer", index: 0 };
  const isChosen =
    (state.over === "attention" || state.over === "relevance") &&
    chosen.of === place.of &&
    chosen.index === place.index;
  return html`<button class="token ${place.of}" aria-pressed=${isChosen} title=${isEnd ? "the end of the answer" : nothing}
    @click=${() => set({ token: place, over: state.over === "relevance" && place.of === "answer" ? "relevance" : "attention" })}>${tokenText(token)}</button>`;
}

const shareNames: readonly (readonly [keyof Shares, string])[] = [
  ["image", "image"],
  ["target", "target"],
  ["sinks", "sinks"],
  ["text", "text"],
];

function shareTable(column: Column, side: Side, view: LookView) {
  const { state, regions, target } = view;
  const layer = attendedLayer(column, side, state) ?? attendedLayer(column, "before", state);
  const look = lookOf(column, side) ?? lookOf(column, "before");
  if (layer === undefined || look === undefined) return nothing;
  const token = tokenAt(look, state.token);
  const shares = sharesOf(layer, {
    ...(state.head !== undefined && { head: state.head }),
    ...(regions && { target: coverageIn(view.memo, regions, look.geometry) }),
    ...(look.sinks && look.sinks.length > 0 && { sinks: look.sinks }),
  });
  const name = (key: keyof Shares, text: string) =>
    key === "target"
      ? `on the ${target ?? "target"}`
      : key === "sinks"
        ? "on sinks"
        : `on ${key === "image" ? "the image" : text}`;
  return html`<dl class="shares" aria-label=${`Where ${token === undefined ? "the token" : `“${tokenText(token)}”`} looks`}>
    ${shareNames.map(([key, text]) => {
      const value = shares[key];
      if (value === undefined) return nothing;
      return html`<dt>${name(key, text)}</dt>
        <dd><span class="track"><i .style=${`width: ${(100 * value).toFixed(1)}%`}></i></span>
          <span class="figures">${formatShare(value)}</span></dd>`;
    })}
  </dl>`;
}

function sinkNote(column: Column, look: AttentionResult, { state }: LookView) {
  if (look.sinks === undefined || look.sinks.length === 0) return nothing;
  const layer = attendedLayer(column, "before", state);
  const part = layer && sharesOf(layer, { sinks: look.sinks }).sinks;
  return html`<p class="caption">${sinkText(look.sinks, look.geometry.grid.columns, part)}</p>`;
}

/** The likeliest first tokens, before and after. */
function firstTokens({ after }: Column) {
  if (after === undefined) return nothing;
  const rows = after.first.slice(0, 5);
  return html`<table class="first">
    <thead><tr><th>first token</th><th>before</th><th>now</th></tr></thead>
    <tbody>${rows.map(
      ({ token, id, before, after: now }) =>
        html`<tr><td>${tokenText({ token, id })}</td>
          ${[before, now].map(
            ({ probability, logit }) =>
              html`<td class="figures" title=${`logit ${logit.toFixed(2)}`}>${formatProbability(probability)}
                <span class="muted">${logit.toFixed(1)}</span></td>`,
          )}</tr>`,
    )}</tbody>
  </table>
  <p class="caption">probability, and the logit beside it</p>`;
}
