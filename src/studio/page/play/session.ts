/**
 * What goes on in Play: the scene or picture that is shown, its steps back and forth, what is chosen, and what the models say
 * of it. One for a page, so that going to another room and back loses nothing. No element of the page in here.
 */
import type { RgbImage } from "../../../common/image.ts";
import type { CutOutSet } from "../../../data/assets/cutout.ts";
import type { Placement } from "../../../data/scenes/paint.ts";
import type { OwnPicture } from "../own-picture.ts";
import type { ShownPicture, Studio } from "../studio.ts";
import { type Follower, follow } from "./follow.ts";
import { openQuestions, type PlayQuestion, sceneQuestions, typedQuestion } from "./say/questions.ts";
import { largestName, regionsOf, shownNames } from "./say/truth.ts";
import { patchWords, saidWords } from "./say/view.ts";
import { type Chosen, placeThing } from "./scene/edit.ts";
import { decodeScene, encodeScene } from "./scene/encode.ts";
import { addStep, type History, redo, replaceNow, startHistory, undo } from "./scene/history.ts";
import { loadCutOuts } from "./scene/load-cut-outs.ts";
import { absentWord, anotherOrigin } from "./scene/new-scene.ts";
import { type PaintedChoice, paintChoice, readChoice } from "./scene/read.ts";
import { isCoarseEnough, type PlayScene, type SceneChoice, thingsOf } from "./scene/scene.ts";

/** Words of an own picture that have a map. */
const ownWords = 4;

export class PlaySession {
  /** Of a scene; the last one while a picture of one's own is shown. */
  painted: PaintedChoice | undefined;
  cutOuts: CutOutSet | undefined;
  own: OwnPicture | undefined;
  /** The thing that has the handles. */
  chosen: number | undefined;
  /** The word whose maps are shown. */
  word: string | undefined;
  /** Which of the questions is looked at. */
  questionAt = 0;
  typed: string | undefined;
  /** Undefined: the last. */
  layer: number | undefined;
  readonly follower: Follower;
  private readonly studio: Studio;
  private readonly onChange: () => void;
  private history: History<PlayScene> | undefined;
  /** The scene before what is being dragged was moved. */
  private base: PlayScene | undefined;
  private lastOwn: OwnPicture | undefined;
  private ownSaid: readonly string[] = [];
  private opening = 0;
  private isLoadingLater = false;
  /** The address that was written or read last. */
  private address = "";

  constructor(studio: Studio, onChange: () => void) {
    this.studio = studio;
    this.onChange = onChange;
    this.follower = follow({ onChange: () => this.heard() });
    studio.onChange(() => this.studioChanged());
    this.studioChanged();
  }

  get scene(): PlayScene | undefined {
    return this.own === undefined ? this.history?.now : undefined;
  }

  get image(): RgbImage | undefined {
    return this.own?.image ?? this.painted?.shown.image;
  }

  get canUndo(): boolean {
    return this.scene !== undefined && this.history !== undefined && this.history.past.length > 0;
  }

  get canRedo(): boolean {
    return this.scene !== undefined && this.history !== undefined && this.history.future.length > 0;
  }

  /** A word that is not in the scene. */
  get absent(): string {
    const scene = this.scene as PlayScene;
    return absentWord(
      scene.choice.origin,
      thingsOf(scene).map(({ name }) => name),
    );
  }

  /** Words that can be chosen: those that show, and one that does not. */
  get words(): readonly string[] {
    const { word } = this;
    const all = this.scene === undefined ? this.ownSaid : [...shownNames(this.truth), this.absent];
    return word === undefined || all.includes(word) ? all : [...all, word];
  }

  get truth(): PaintedChoice["truth"] {
    return (this.painted as PaintedChoice).truth;
  }

  get questions(): readonly PlayQuestion[] {
    const { typed, word } = this;
    const truth = this.scene === undefined ? undefined : this.truth;
    const usual =
      truth === undefined
        ? openQuestions(word ?? "cat")
        : sceneQuestions(truth, word ?? this.absent, this.absent);
    if (typed === undefined) return usual;
    const own = typedQuestion(typed, truth);
    return usual.some(({ text }) => text === own.text) ? usual : [...usual, own];
  }

  /** The question that is looked at. */
  get question(): PlayQuestion | undefined {
    const { questions } = this;
    return questions[this.questionAt] ?? questions[0];
  }

  // What the visitor does.

  newScene(): void {
    void this.openNew(true);
  }

  /** A thing or nothing is chosen; its word becomes the one that is looked for. */
  choose(index: number | undefined): void {
    this.chosen = index;
    const thing = index === undefined ? undefined : this.scene && thingsOf(this.scene)[index];
    if (thing !== undefined) this.setWord(thing.name);
    this.onChange();
  }

  setWord(word: string): void {
    if (word === this.word) return;
    this.word = word;
    if (this.questionAt >= this.questions.length) this.questionAt = 0;
    this.write(false);
    this.ask();
  }

  setQuestion(at: number): void {
    this.questionAt = at;
    this.write(false);
    this.onChange();
  }

  askTyped(text: string): void {
    this.typed = text.trim() === "" ? undefined : text;
    const { questions } = this;
    const own = this.typed === undefined ? undefined : typedQuestion(this.typed, this.scene && this.truth);
    const at = questions.findIndex((question) => question.text === own?.text);
    this.questionAt = Math.max(0, at);
    this.write(false);
    this.ask();
  }

  setLayer(layer: number | undefined): void {
    this.layer = layer;
    this.write(false);
    this.ask();
  }

  /** While something is dragged; `done` makes a step of it. */
  place(index: number, change: Partial<Placement>, done: boolean): void {
    if (this.scene !== undefined) this.edit(placeThing(this.scene, index, change), done);
  }

  /** The scene changes; `done` makes a step of it, which can be undone. */
  edit(scene: PlayScene, done: boolean): void {
    if (this.history === undefined || this.own !== undefined) return;
    this.base ??= this.history.now;
    this.history = replaceNow(this.history, scene);
    if (done) this.commit();
    this.paint();
  }

  /** Makes a step of what was dragged. */
  commit(): void {
    const { base, history } = this;
    if (base === undefined || history === undefined) return;
    this.base = undefined;
    if (encodeScene(base.choice) === encodeScene(history.now.choice)) return;
    this.history = addStep(replaceNow(history, base), history.now);
    this.write(true);
  }

  /** Takes back what was dragged. */
  cancel(): void {
    if (this.base === undefined || this.history === undefined) return;
    this.history = replaceNow(this.history, this.base);
    this.base = undefined;
    this.paint();
  }

  editChosen({ scene, chosen }: Chosen): void {
    this.chosen = chosen;
    this.edit(scene, true);
  }

  undo(): void {
    if (this.canUndo) this.travel(undo);
  }

  redo(): void {
    if (this.canRedo) this.travel(redo);
  }

  showOwn(picture: OwnPicture, { step = true }: { readonly step?: boolean } = {}): void {
    const isFirst = this.own === undefined;
    if (isFirst) [this.word, this.questionAt, this.ownSaid, this.chosen] = [undefined, 0, [], undefined];
    this.own = this.lastOwn = picture;
    if (step || isFirst) this.write(isFirst);
    this.show();
  }

  /** From a picture of one's own to the scene before it. */
  backToScene(): void {
    if (this.history === undefined) {
      this.newScene();
      return;
    }
    this.own = undefined;
    this.enter(this.history.now);
    this.write(true);
  }

  // What follows from it.

  private travel(move: (history: History<PlayScene>) => History<PlayScene>): void {
    this.commit();
    this.history = move(this.history as History<PlayScene>);
    const { length } = thingsOf(this.history.now);
    if (this.chosen !== undefined && this.chosen >= length) this.chosen = undefined;
    this.write(true);
    this.paint();
  }

  private studioChanged(): void {
    const { address } = this.studio;
    this.follower.update(this.studio.slots);
    const now = this.addressText();
    if (address.room === "play" && now !== this.address) this.readAddress(now);
    this.onChange();
  }

  private addressText(): string {
    const { address } = this.studio;
    return ["scene", "picture", "word", "question", "layer"].map((key) => address.get(key) ?? "").join("\n");
  }

  private readAddress(now: string): void {
    this.address = now;
    const { address } = this.studio;
    const text = address.get("scene");
    const wantsOwn = text === undefined && address.get("picture") === "own" && this.lastOwn !== undefined;
    if (wantsOwn) this.showOwn(this.lastOwn as OwnPicture);
    else if (text === undefined && this.image !== undefined) this.write(false);
    else if (text !== undefined && this.scene !== undefined && encodeScene(this.scene.choice) === text)
      this.readKeys();
    else void this.openText(text);
  }

  /** The keys beside the scene. */
  private readKeys(): void {
    const { address } = this.studio;
    const layer = Number(address.get("layer") ?? Number.NaN);
    this.layer = Number.isInteger(layer) && layer >= 0 ? layer : undefined;
    const word = address.get("word");
    if (word !== undefined) this.word = word;
    this.readQuestion(address.get("question"));
    this.ask();
  }

  private readQuestion(text: string | undefined): void {
    this.questionAt = 0;
    if (text === undefined) return;
    const at = this.questions.findIndex((question) => question.text === text);
    if (at < 0) this.typed = text;
    this.questionAt = at < 0 ? this.questions.length - 1 : at;
  }

  private async openText(text: string | undefined): Promise<void> {
    if (text === undefined) return this.openNew(false);
    try {
      await this.open(decodeScene(text), false);
    } catch (error) {
      this.studio.say(`${(error as Error).message}; here is a new scene`);
      await this.openNew(false);
    }
  }

  /** Another scene by chance; where its things cannot be loaded the page says so. */
  private async openNew(step: boolean): Promise<void> {
    await this.open({ origin: anotherOrigin() }, step).catch((error: Error) =>
      this.studio.say(error.message),
    );
  }

  private async open(choice: SceneChoice, step: boolean): Promise<void> {
    const turn = ++this.opening;
    const { scene, cutOuts } = await readChoice(choice);
    if (turn !== this.opening) return;
    if (this.cutOuts === undefined || cutOuts.names.length > this.cutOuts.names.length)
      this.cutOuts = cutOuts;
    this.commit();
    this.history = this.history === undefined ? startHistory(scene) : addStep(this.history, scene);
    this.own = undefined;
    this.enter(scene, step);
    this.write(step);
  }

  /** Begins with a scene: nothing chosen, the largest thing's word. */
  private enter(scene: PlayScene, isNew = true): void {
    this.chosen = undefined;
    if (isNew) [this.typed, this.questionAt] = [undefined, 0];
    this.painted = paintChoice({ scene, cutOuts: this.cutOuts as CutOutSet });
    this.word = largestName(this.painted.truth) ?? this.absent;
    if (isNew) this.show();
    else {
      this.put(this.painted.shown);
      this.readKeys();
    }
  }

  /** What comes once the visitor is in another room, as finer pictures do, leaves what is shown there alone. */
  private put(picture: ShownPicture): void {
    if (this.studio.address.room === "play") this.studio.show(picture);
  }

  /** Loads the finer pictures: all names, and sizes beyond the trained ones. */
  async loadFine(): Promise<void> {
    const fine = await loadCutOuts("fine");
    if (this.cutOuts === fine) return;
    this.cutOuts = fine;
    if (this.scene !== undefined) this.paint();
    this.onChange();
  }

  /** The finer pictures once all has been said and nothing else is to do. */
  private loadLater(): void {
    if (this.isLoadingLater) return;
    this.isLoadingLater = true;
    const load = () => void this.loadFine().catch(() => undefined); // Asked for again where they are needed.
    if (typeof requestIdleCallback === "undefined") setTimeout(load, 1000);
    else requestIdleCallback(load);
  }

  private paint(): void {
    const { scene, cutOuts } = this;
    if (scene === undefined || cutOuts === undefined) return;
    if (!isCoarseEnough(scene, cutOuts))
      void this.loadFine().catch((error: Error) => this.studio.say(error.message));
    this.painted = paintChoice({ scene, cutOuts });
    this.show();
  }

  private show(): void {
    const { own, painted } = this;
    if (own !== undefined) this.put(own);
    else if (painted !== undefined) this.put(painted.shown);
    this.ask();
  }

  private ask(): void {
    const { image, words, questions, layer } = this;
    if (image === undefined) return;
    const regions = this.scene && words.map((word) => regionsOf(this.truth, word));
    this.follower.ask({
      image,
      words,
      questions,
      ...(regions && { regions }),
      everyLayer: layer !== undefined,
    });
    this.onChange();
  }

  /** A model has said something; of one's own picture its words get maps. */
  private heard(): void {
    if (this.follower.settled) this.loadLater();
    if (this.own !== undefined && this.follower.settled) {
      const seen = this.studio.slots.flatMap(({ letter }) => this.follower.of(letter).seen ?? []);
      const said = [...new Set(seen.flatMap((one) => saidWords(patchWords(one))))].slice(0, ownWords);
      if (said.join() !== this.ownSaid.join()) {
        this.ownSaid = said;
        this.word ??= said[0];
        this.ask();
      }
    }
    this.onChange();
  }

  private write(step: boolean): void {
    const { address } = this.studio;
    if (address.room !== "play") return;
    const { scene, layer, questionAt, question } = this;
    const isUsual = scene !== undefined && this.word === largestName(this.truth);
    const values = {
      scene: scene && encodeScene(scene.choice),
      picture: scene === undefined ? "own" : undefined,
      word: isUsual ? undefined : this.word,
      question: questionAt === 0 ? undefined : question?.text,
      layer: layer === undefined ? undefined : `${layer}`,
    };
    this.address = Object.values(values)
      .map((value) => value ?? "")
      .join("\n");
    address.set(values, { step });
  }
}

const sessions = new WeakMap<Studio, { readonly session: PlaySession; listener: () => void }>();

/** The session of a page; `listener` is told of changes in place of the one before. */
export function sessionOf(studio: Studio, listener: () => void): PlaySession {
  const known = sessions.get(studio);
  if (known !== undefined) {
    known.listener = listener;
    return known.session;
  }
  const told = { listener, session: undefined as PlaySession | undefined };
  const session = new PlaySession(studio, () => told.listener());
  const kept = Object.assign(told, { session });
  sessions.set(studio, kept);
  return session;
}
