/** <studio-filter>: conditions as words of a sentence, each a menu. Event `filter-change`, `{ filter }`. */
import { css, html, LitElement, nothing } from "lit";
import { controls } from "../../../elements/controls.ts";
import {
  axisText,
  type Counts,
  conditions,
  type Dimension,
  type Facets,
  type Filter,
  withCondition,
} from "./filter.ts";

/** A dimension that can be chosen from, and how a menu calls it. */
interface Choice {
  readonly name: Dimension;
  readonly label: string;
  readonly counts: Counts;
}

const number = new Intl.NumberFormat("en-US");

export class FilterBar extends LitElement {
  static override properties = {
    filter: { attribute: false },
    facets: { attribute: false },
    count: { attribute: false },
    searchable: { attribute: false },
  };
  declare filter: Filter;
  declare facets: Facets;
  /** Items in all: a choice that leaves them all says no number. */
  declare count: number;
  /** Whether texts can be searched. */
  declare searchable: boolean;

  static override styles = [
    controls,
    css`
      .condition {
        display: inline-flex;
        align-items: center;
        gap: var(--space-1);
        color: var(--muted);
      }
      select {
        max-width: 220px;
        color: var(--ink);
      }
      input[type="search"] {
        width: 180px;
        color: var(--ink);
      }
      .remove {
        min-width: 24px;
        text-decoration: none;
      }
    `,
  ];

  private get choices(): Choice[] {
    const { tasks, answers, words, axes, models } = this.facets;
    return [
      { name: "task", label: "task", counts: tasks } as const,
      { name: "answer", label: "answer", counts: answers } as const,
      { name: "word", label: "showing", counts: words } as const,
      ...Object.entries(axes).map(([axis, counts]): Choice => {
        return { name: `axis.${axis}`, label: axisText(axis), counts };
      }),
      ...Object.entries(models).map(([model, { label, counts }]): Choice => {
        return { name: `by.${model}`, label: `${label} is`, counts };
      }),
    ].filter(({ name, counts }) => counts.length > 1 || this.chosen(name) !== undefined);
  }

  private chosen(name: Dimension): string | undefined {
    return conditions(this.filter).find(([one]) => one === name)?.[1];
  }

  private change(name: Dimension, value: string | undefined): void {
    const filter = withCondition(this.filter, name, value);
    this.dispatchEvent(new CustomEvent("filter-change", { detail: { filter } }));
  }

  override render() {
    const { choices } = this;
    const shown = choices.filter(({ name }) => name === "task" || this.chosen(name) !== undefined);
    const more = choices.filter((one) => !shown.includes(one));
    return html`<div class="row" role="group" aria-label="Show only">
      ${shown.map((choice) => this.condition(choice))}
      ${more.length === 0 ? nothing : this.adder(more)}
      ${
        this.searchable
          ? html`<label class="condition"
              >about
              <input
                type="search"
                placeholder="a word or a file"
                .value=${this.filter.text ?? ""}
                @change=${(event: Event) => this.change("text", (event.target as HTMLInputElement).value.trim())}
            /></label>`
          : nothing
      }
      ${
        conditions(this.filter).length === 0
          ? nothing
          : html`<button class="quiet" @click=${this.clear}>show all</button>`
      }
    </div>`;
  }

  private clear(): void {
    const filter: Filter = { axes: {}, outcomes: {} };
    this.dispatchEvent(new CustomEvent("filter-change", { detail: { filter } }));
  }

  private condition({ name, label, counts }: Choice) {
    const chosen = this.chosen(name) ?? "";
    const known = counts.some(([value]) => value === chosen) || chosen === "";
    return html`<label class="condition"
      >${label}
      <select @change=${(event: Event) => this.change(name, (event.target as HTMLSelectElement).value)}>
        <option value="" ?selected=${chosen === ""}>any</option>
        ${known ? nothing : html`<option value=${chosen} selected>${chosen}</option>`}
        ${counts.map(([value, count]) => {
          const many = count === this.count ? "" : ` (${number.format(count)})`;
          return html`<option value=${value} ?selected=${value === chosen}>${value}${many}</option>`;
        })}
      </select></label
    >`;
  }

  /** A menu in groups: the chosen value becomes a condition of its own. */
  private adder(more: readonly Choice[]) {
    const add = (event: Event) => {
      const select = event.target as HTMLSelectElement;
      const [name, value] = JSON.parse(select.value) as [Dimension, string];
      select.selectedIndex = 0;
      this.change(name, value);
    };
    return html`<select aria-label="Add a condition" @change=${add}>
      <option value="" selected>and …</option>
      ${more.map(
        ({ name, label, counts }) =>
          html`<optgroup label=${label}>
            ${counts.map(
              ([value, count]) =>
                html`<option value=${JSON.stringify([name, value])}>
                  ${label} ${value}${count === this.count ? "" : ` (${number.format(count)})`}
                </option>`,
            )}
          </optgroup>`,
      )}
    </select>`;
  }
}

customElements.define("studio-filter", FilterBar);
