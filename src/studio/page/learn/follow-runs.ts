/** The part of the room where runs of `fovea train` are followed: `<learn-runs>`. */
import { css, html, nothing, type PropertyValues } from "lit";
import { controls } from "../../../elements/controls.ts";
import "../../../elements/fovea-curves.ts";
import "../../../elements/fovea-map.ts";
import "../../../elements/fovea-scale.ts";
import { droppedSource, filesSource } from "../../../hub/source/files.ts";
import { linearScale, shareScale } from "../../../lens/scale.ts";
import { fromBase64, type ProbePicture } from "../../../train/report/probe-lines.ts";
import { Room } from "../room.ts";
import { letters } from "../studio.ts";
import { type View, views } from "./film.ts";
import { type Followed, followRuns } from "./followed.ts";
import type { RunFound } from "./run-data.ts";
import {
  chosenKey,
  chosenRuns,
  type FilmRow,
  filmMap,
  filmRows,
  lossText,
  runCurves,
  type ShownRun,
  settingText,
  shownSettings,
  stepText,
} from "./run-view.ts";
import { droppedRuns, type RunsSource, serverRuns } from "./runs-source.ts";
import { style } from "./style.ts";

export class LearnRuns extends Room {
  static override properties = { ...Room.properties, problem: { state: true } };
  /** Why a dropped folder cannot be shown. */
  declare problem: string | undefined;
  private followed: Followed | undefined;
  /** PNGs of pictures as addresses, by themselves. */
  private readonly pictures = new Map<string, string>();

  static override styles = [
    controls,
    style,
    css`
      .scroll {
        overflow-x: auto;
        margin-bottom: var(--space-4);
      }
      td.number,
      th.number {
        text-align: right;
        font: var(--figures);
        white-space: nowrap;
      }
      th.number {
        font: var(--text);
      }
      td label {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        color: var(--ink);
        white-space: nowrap;
      }
      .plots {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(260px, 1fr));
        gap: var(--space-4) var(--space-6);
        margin-bottom: var(--space-4);
      }
      .strip {
        display: grid;
        grid-auto-flow: column;
        grid-auto-columns: minmax(104px, 136px);
        gap: var(--space-2);
        overflow-x: auto;
        padding-bottom: var(--space-2);
      }
      .run {
        display: grid;
        grid-template-columns: 18px minmax(0, 1fr);
        gap: var(--space-2);
        margin-top: var(--space-2);
      }
      .strip figcaption {
        min-height: 34px;
      }
      .drop {
        padding: var(--space-4);
        border: 1px dashed var(--field);
        border-radius: var(--radius);
      }
      .drop p + * {
        margin-top: var(--space-2);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.followed === undefined && this.hasServer) this.follow(serverRuns);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.followed?.close();
    this.followed = undefined;
    for (const address of this.pictures.values()) URL.revokeObjectURL(address);
    this.pictures.clear();
  }

  private get hasServer(): boolean {
    const { server, runs } = this.studio.setup;
    return server && runs !== undefined && runs.length > 0;
  }

  private get view(): View {
    return views.find((view) => view === this.studio.address.get("maps")) ?? "words";
  }

  private follow(source: RunsSource): void {
    this.followed?.close();
    this.problem = undefined;
    this.followed = followRuns(source, () => this.requestUpdate());
    this.requestUpdate();
  }

  private get shown(): ShownRun[] {
    const { followed } = this;
    if (followed?.list === undefined) return [];
    return chosenRuns(followed.list, this.studio.address.get("runs")).map((run, i) => ({
      letter: letters[i],
      run,
      content: followed.contentOf(run.name),
    }));
  }

  override updated(_changed: PropertyValues): void {
    this.followed?.watch(this.shown.map(({ run }) => run.name));
  }

  override render() {
    const { followed, shown } = this;
    const list = followed?.list;
    return html`
      ${list === undefined ? nothing : this.table(list.runs, shown)}
      ${(list?.skipped ?? []).map(({ name, reason }) => html`<p class="caption">${name} is left out: ${reason}.</p>`)}
      ${followed?.problem === undefined ? nothing : html`<p class="wrong" role="alert">${followed.problem}</p>`}
      <div class="plots">
        ${runCurves(shown)
          .filter(({ series }) => series.length > 0)
          .map(
            ({ title, series }) => html`<section>
              <h3>${title}</h3>
              <fovea-curves
                .series=${series}
                .x=${"step"}
                .y=${"loss"}
                .height=${160}
                .label=${title}
              ></fovea-curves>
            </section>`,
          )}
      </div>
      ${this.films(shown)} ${this.dropping(list !== undefined)}
    `;
  }

  private table(runs: readonly RunFound[], shown: readonly ShownRun[]) {
    if (runs.length === 0) return html`<p>No run yet: one appears here as soon as it begins.</p>`;
    const settings = shownSettings(runs);
    return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">run</th>
            <th scope="col">state</th>
            <th scope="col" class="number">steps</th>
            <th scope="col" class="number">loss</th>
            <th scope="col" class="number">held out</th>
            ${settings.map((key) => html`<th scope="col" class="number">${key}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${runs.map((run) => this.row(run, settings, shown))}
        </tbody>
      </table>
    </div>`;
  }

  private row(run: RunFound, settings: readonly string[], shown: readonly ShownRun[]) {
    const own = shown.find((one) => one.run.name === run.name);
    const isFull = own === undefined && shown.length >= letters.length;
    return html`<tr>
      <td>
        <label>
          <input
            type="checkbox"
            .checked=${own !== undefined}
            ?disabled=${isFull}
            @change=${() => this.toggle(run.name, shown)}
          />
          ${
            own === undefined
              ? nothing
              : html`<span class="letter" .style=${`--model: var(--model-${own.letter})`}
                  >${own.letter.toUpperCase()}</span
                >`
          }
          ${run.name}
        </label>
      </td>
      <td>${run.state}</td>
      <td class="number">${own === undefined ? "" : stepText(run, own.content)}</td>
      <td class="number">${lossText(own?.content.steps.at(-1)?.loss)}</td>
      <td class="number">${lossText(own?.content.evaluations.at(-1)?.loss)}</td>
      ${settings.map((key) => html`<td class="number">${settingText(run.settings[key])}</td>`)}
    </tr>`;
  }

  private toggle(name: string, shown: readonly ShownRun[]): void {
    const names = shown.map(({ run }) => run.name);
    const next = names.includes(name) ? names.filter((one) => one !== name) : [...names, name];
    this.studio.address.set({ runs: chosenKey(next) });
  }

  private films(shown: readonly ShownRun[]) {
    const filmed = shown.filter(({ content }) => content.pictures.length > 0 && content.maps.length > 0);
    if (filmed.length === 0)
      return shown.some(({ content }) => content.steps.length > 0)
        ? html`<p class="caption">
            These runs kept no maps: with train.probes in the config, a run shows here what its pictures say as it learns.
          </p>`
        : nothing;
    const { view } = this;
    const { grid } = filmed[0].content.pictures[0].geometry;
    const scale = view === "words" ? linearScale("probability", 0, 1) : shareScale(grid.rows * grid.columns);
    return html`
      <div class="bar">
        <div class="row" role="group" aria-label="what the maps show">
          ${this.viewButton("words", "what patches say")} ${this.viewButton("answers", "where answers look")}
        </div>
        <fovea-scale .scale=${scale}></fovea-scale>
      </div>
      ${filmRows(filmed).map(({ picture, rows }) => this.film(picture, rows, view))}
    `;
  }

  private viewButton(view: View, text: string) {
    return html`<button
      aria-pressed=${this.view === view}
      @click=${() => this.studio.address.set({ maps: view === "words" ? undefined : view })}
    >
      ${text}
    </button>`;
  }

  /** A picture's maps, a row for each run that has it. */
  private film(picture: ProbePicture, rows: readonly FilmRow[], view: View) {
    const asked = view === "words" ? picture.concept : picture.question;
    if (asked === undefined) return nothing;
    return html`<section class="film">
      <h2>${asked}</h2>
      ${rows.map(
        ({ letter, run, maps }) => html`<div class="run" .style=${`--model: var(--model-${letter})`}>
          <span class="letter" aria-hidden="true">${letter.toUpperCase()}</span>
          <div class="strip" tabindex="0" role="group" aria-label="${asked}, ${run}, by steps">
            ${maps.map((moment) => this.frame(picture, asked, view, moment))}
          </div>
        </div>`,
      )}
    </section>`;
  }

  private frame(picture: ProbePicture, asked: string, view: View, { step, maps }: FilmRow["maps"][number]) {
    const found = filmMap(picture, maps, view);
    return html`<figure>
      <fovea-map
        still
        .src=${this.addressOf(picture)}
        .map=${found?.map}
        .label=${`${asked}, after ${step} steps`}
      ></fovea-map>
      <figcaption><span class="figures">step ${step}</span><br />${found?.note ?? "no map"}</figcaption>
    </figure>`;
  }

  private addressOf({ png }: ProbePicture): string {
    const known = this.pictures.get(png);
    if (known !== undefined) return known;
    const address = URL.createObjectURL(new Blob([fromBase64(png)], { type: "image/png" }));
    this.pictures.set(png, address);
    return address;
  }

  private dropping(hasRuns: boolean) {
    const pick = ({ target }: Event) =>
      this.open(async () => filesSource((target as HTMLInputElement).files ?? []));
    return html`<div
      class="drop"
      @dragover=${(event: Event) => event.preventDefault()}
      @drop=${(event: DragEvent) => {
        event.preventDefault();
        const { dataTransfer } = event;
        if (dataTransfer !== null) void this.open(() => droppedSource(dataTransfer));
      }}
    >
      <p>
        ${
          hasRuns
            ? "Drop another folder of runs here, to see it instead."
            : "Drop the folder of a run of fovea train here, or one that holds several. Nothing is uploaded."
        }
        ${this.hasServer ? nothing : html`To follow runs live: <code>npx fovea studio --runs out/runs</code>`}
      </p>
      <label class="row"
        >or choose it <input type="file" webkitdirectory aria-label="folder of runs" @change=${pick}
      /></label>
      ${this.problem === undefined ? nothing : html`<p class="wrong" role="alert">${this.problem}</p>`}
    </div>`;
  }

  private async open(given: () => Promise<Parameters<typeof droppedRuns>[0]>): Promise<void> {
    try {
      const source = droppedRuns(await given());
      await source.list(new AbortController().signal);
      this.studio.address.set({ runs: undefined });
      this.follow(source);
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }
}

customElements.define("learn-runs", LearnRuns);
