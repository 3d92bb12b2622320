/** What a room keeps of labels that were changed by hand: which are new, and whether they are in a file. */
import { html, nothing } from "lit";
import type { EditedLabels, SavedLabels } from "./edits.ts";
import { editedOf, unfinished } from "./labels.ts";
import type { DataSource, Item } from "./source.ts";

export class Labelling {
  private edits: ReadonlyMap<number, EditedLabels> = new Map();
  private saved: SavedLabels | undefined;
  private isSaving = false;
  /** Where the editor began, by item: the same value as long as it is open. */
  private begun: { readonly item: Item; readonly labels: EditedLabels } | undefined;
  private shown: Item | undefined;
  private readonly onChange: (failed?: string) => void;

  /** `onChange` hears of each change, and why labels could not be saved. */
  constructor(onChange: (failed?: string) => void) {
    this.onChange = onChange;
  }

  /** Whether labels are in no file. */
  get isUnsaved(): boolean {
    return this.edits.size > 0 && this.saved === undefined;
  }

  /** Of another data set nothing is changed yet. */
  clear(): void {
    this.edits = new Map();
    this.saved = undefined;
  }

  begin(item: Item): EditedLabels {
    if (this.begun?.item !== item)
      this.begun = { item, labels: this.edits.get(item.index) ?? editedOf(item.row) };
    return this.begun.labels;
  }

  /** The editor was opened or closed. */
  turn(): void {
    this.begun = undefined;
  }

  change({ index }: Item, labels: EditedLabels): void {
    if (labels === this.begun?.labels && !this.edits.has(index)) return;
    this.edits = new Map(this.edits).set(index, labels);
    this.saved = undefined;
    this.onChange();
  }

  /** The item with its new labels; the same value as long as they are the same. */
  withEdits(item: Item): Item {
    const edit = this.edits.get(item.index);
    if (edit === undefined) return item;
    const isSame = this.shown?.index === item.index && this.shown.row.concepts === edit.concepts && this.shown.row.questions === edit.questions; // biome-ignore format: one line
    if (!isSame || this.shown === undefined) this.shown = { ...item, row: { ...item.row, ...edit } };
    return this.shown;
  }

  async save(source: DataSource): Promise<void> {
    const { edits } = this;
    this.isSaving = true;
    this.onChange();
    let failed: string | undefined;
    try {
      const saved = await source.save?.(edits);
      if (this.edits === edits) this.saved = saved;
    } catch (error) {
      failed = (error as Error).message;
    }
    this.isSaving = false;
    this.onChange(failed);
  }

  /** What is saved is said until something is changed again. */
  bar(source: DataSource, isEditing: boolean, save: () => void) {
    const { edits, saved, isSaving } = this;
    if (source.save === undefined || (edits.size === 0 && !isEditing)) return nothing;
    if (edits.size === 0)
      return html`<p class="row saved muted">
        Nothing is changed yet. New labels are saved as a file of their own beside the old ones.
      </p>`;
    const many = `${edits.size} ${edits.size === 1 ? "picture has" : "pictures have"} new labels`;
    if (saved !== undefined)
      return html`<p class="saved" role="status">
        ${many}, saved as <span class="figures">${saved.file}</span>. The old labels are as they were.
        ${saved.command === undefined ? nothing : html`Train on them with <code class="figures">--data ${saved.command}</code>.`}
      </p>`;
    const problem = [...edits.values()].map(unfinished).find((one) => one !== undefined);
    return html`<p class="row saved">
      <span>${many}, not saved yet.</span>
      <button ?disabled=${isSaving || problem !== undefined} @click=${save}>save</button>
      ${problem === undefined ? nothing : html`<span class="muted">${problem}</span>`}
    </p>`;
  }
}
