/** What stands beside the scene: columns, layers, words to choose, and what can be saved. Templates without a state. */
import { html, nothing } from "lit";
import "../../../../elements/fovea-scale.ts";
import { shareScale } from "../../../../lens/scale.ts";
import "../../export/menu.ts";
import { freeLetter } from "../../models/choices.ts";
import type { Slot, Studio } from "../../studio.ts";
import { exportOf } from "../export.ts";
import type { PlaySession } from "../session.ts";
import "./layers.ts";
import "./model.ts";

// Not needed to see the first maps: its buttons come a moment later, or not at all where it cannot be loaded.
import("../../models/menu.ts").catch(() => undefined);

/** One model's column. */
export function modelColumn(studio: Studio, session: PlaySession, slot: Slot) {
  return html`<play-model
    .style=${`--model: var(--model-${slot.letter})`}
    data-letter=${slot.letter}
    .model=${slot}
    .followed=${session.follower.of(slot.letter)}
    .image=${session.image}
    .questions=${session.image === undefined ? [] : session.questions}
    .questionAt=${session.questionAt}
    .word=${session.word}
    .layer=${session.layer}
    .isScene=${session.scene !== undefined}
    ><studio-model-menu slot="change" .studio=${studio} letter=${slot.letter}></studio-model-menu
  ></play-model>`;
}

/** The chosen word by layer, of one model. */
export function layerStrip(session: PlaySession, slot: Slot) {
  return html`<play-layers
    .style=${`--model: var(--model-${slot.letter})`}
    .model=${slot}
    .seen=${session.follower.of(slot.letter).seen}
    .image=${session.image}
    .word=${session.word}
    .layer=${session.layer}
  ></play-layers>`;
}

/** The words that can be chosen, and the scales of both kinds of maps. */
export function conceptLine(studio: Studio, session: PlaySession) {
  const words = session.image === undefined ? [] : session.words;
  const absent = session.scene === undefined ? undefined : session.absent;
  return html`<div class="concept">
    <span class="muted" id="concept">Concept by layer</span>
    <div class="row" role="group" aria-labelledby="concept">
      ${words.map(
        (word) =>
          html`<button class="chip" aria-pressed=${word === session.word} @click=${() => session.setWord(word)}>
            ${word}${word === absent ? " (absent)" : ""}
          </button>`,
      )}
      ${words.length === 0 ? html`<span class="caption">no word is said clearly</span>` : nothing}
    </div>
    <div class="scales">
      ${lookScale(studio, session)}
      <fovea-scale></fovea-scale>
    </div>
  </div>`;
}

/** Of where answers look: from even over all patches to all on one. */
function lookScale(studio: Studio, session: PlaySession) {
  const seen = studio.slots
    .map(({ letter }) => session.follower.of(letter).seen)
    .find((one) => one !== undefined);
  const places = seen?.glance.answers[0]?.tokens[0]?.layers[0]?.map.length;
  if (places === undefined) return nothing;
  const scale = { ...shareScale(places), label: "of the look, logarithmic" };
  return html`<fovea-scale .scale=${scale}></fovea-scale>`;
}

/** What is saved of the view, and the way to look closer. */
export function foot(studio: Studio, session: PlaySession) {
  if (session.image === undefined) return nothing;
  return html`<div class="foot">
    <div class="row">
      <button class="quiet" @click=${() => lookCloser(studio, session)}>look closer at this picture</button>
      ${
        freeLetter(studio.slots) === undefined
          ? nothing
          : html`<studio-model-menu .studio=${studio} letter=${freeLetter(studio.slots)}></studio-model-menu>`
      }
    </div>
    <studio-export .studio=${studio} .what=${exportOf(studio, session)}></studio-export>
  </div>`;
}

function lookCloser(studio: Studio, { word, question }: PlaySession): void {
  const { picture } = studio;
  studio.address.go("look", { picture: picture?.ref, concept: word, question: question?.text });
}
