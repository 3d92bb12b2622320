/** The sentence of what a session shows. */
import type { Studio } from "../studio.ts";
import { type PictureFacts, type Span, sentenceOf } from "./say/sentence.ts";
import { shownNames } from "./say/truth.ts";
import { factsOf } from "./say/view.ts";
import type { PlaySession } from "./session.ts";

/** Undefined until a model has said something. */
export function sentenceFor(studio: Studio, session: PlaySession): Span[] | undefined {
  const { word } = session;
  const models = studio.slots.flatMap(({ letter, model }) => {
    const { seen } = session.follower.of(letter);
    if (seen === undefined) return [];
    const facts = factsOf(letter, seen, {
      ...(word !== undefined && { word }),
      questionAt: session.questionAt,
      ...(model?.card.threshold !== undefined && { threshold: model.card.threshold }),
    });
    return facts === undefined ? [] : [facts];
  });
  return sentenceOf(pictureFacts(session), models);
}

function pictureFacts(session: PlaySession): PictureFacts {
  const { word, question } = session;
  const asked = { ...(word !== undefined && { word }), ...(question && { question: question.text }) };
  if (session.scene === undefined) return { kind: "own", isEmpty: false, ...asked };
  const { truth } = session;
  const names = shownNames(truth);
  const presence =
    word === undefined || names.includes(word) ? "shows" : truth.hidden.includes(word) ? "hidden" : "absent";
  const target = question && names.find((name) => isTarget(session, name));
  return {
    kind: "scene",
    isEmpty: names.length === 0 && truth.hidden.length === 0,
    presence,
    ...asked,
    ...(target !== undefined && { target }),
  };
}

/** Whether the evidence for the question is the thing of that name. */
function isTarget({ truth, question }: PlaySession, name: string): boolean {
  const [evidence] = question?.regions ?? [];
  return truth.scene.objects.some((object) => object.name === name && object.mask === evidence);
}
