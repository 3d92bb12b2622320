import type { AttendView } from "../../elements/views/attend-view.ts";
import type { LensView } from "../../elements/views/lens-view.ts";
import type { Estimate } from "../statistics.ts";

/** A picture as a `data:` address for the page, and the file that holds the same pixels. */
export interface ReportPicture {
  readonly address: string;
  readonly file: string;
}

/** One map of one layer. */
export interface ReportMap {
  readonly label: string;
  /** A number under the picture: "0.93", "71 % on target". */
  readonly note: string;
  readonly picture: ReportPicture;
  /** [N] in row order. */
  readonly values: readonly number[];
  /** Set for a drawing with lines, which is not shown pixel by pixel. */
  readonly smooth?: boolean;
}

/** One model's maps side by side. */
export interface ReportRow {
  readonly model: string;
  readonly maps: readonly ReportMap[];
}

/** What the colours of a block stand for. */
export interface ReportScale {
  readonly colours: "heat";
  readonly label: string;
  readonly low: number;
  readonly high: number;
}

/** The same maps for the elements of the page: a concept by layer, or where the answer looks, one result for each model. */
export type ReportView =
  | { readonly kind: "lens"; readonly results: readonly LensView[] }
  | { readonly kind: "attend"; readonly results: readonly AttendView[] };

export interface ReportBlock {
  readonly title: string;
  readonly note: string;
  readonly scale: ReportScale;
  readonly rows: readonly ReportRow[];
  /** Missing: the page has the pictures alone. */
  readonly view?: ReportView;
}

export interface ReportQuestion {
  readonly task: string;
  readonly question: string;
  /** Missing where nobody knows it. */
  readonly truth?: string;
  /** By model. */
  readonly answers: readonly { readonly text: string; readonly ended: boolean; readonly right?: boolean }[];
}

export interface ReportScene {
  readonly title: string;
  readonly note: string;
  readonly picture: ReportPicture;
  readonly questions: readonly ReportQuestion[];
  readonly blocks: readonly ReportBlock[];
}

export interface ReportScore {
  readonly label: string;
  readonly what: string;
  /** By model. */
  readonly estimates: readonly Estimate[];
  /** Second model - first model. */
  readonly difference?: Estimate;
}

/** Everything that the demo found: `report.json` holds it without the pictures, `index.html` shows it. */
export interface DemoReport {
  readonly title: string;
  readonly lead: string;
  readonly models: readonly {
    readonly label: string;
    readonly folder: string;
    readonly parameters: number;
  }[];
  readonly scores: readonly ReportScore[];
  readonly scoresNote: string;
  readonly scenes: readonly ReportScene[];
  readonly footer: string;
}
