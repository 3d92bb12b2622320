/** The page of the page benchmark. */
import { type OpenWork, openWork, said, type WorkJob } from "./works.ts";

/** A picture that can be sent to a page. */
export interface PlainPicture {
  readonly width: number;
  readonly height: number;
  readonly data: readonly number[];
}

/** What the benchmark calls. One work is open at a time. */
export interface BenchPage {
  /** Milliseconds until the work was done for the first time. */
  open(job: Omit<WorkJob, "picture"> & { readonly picture: PlainPicture }): Promise<number>;
  warm(): Promise<void>;
  run(times: number): Promise<number[]>;
  /** What the last generation said. */
  tokens(): number[];
  close(): Promise<void>;
}

let current: OpenWork | undefined;

const page: BenchPage = {
  async open(job) {
    current = await openWork({ ...job, picture: { ...job.picture, data: new Uint8Array(job.picture.data) } });
    return current.first;
  },
  warm: async () => void (await current?.warm()),
  run: async (times) => (await current?.run(times)) ?? [],
  tokens: () => [...said],
  close: async () => void (await current?.close()),
};
Object.assign(globalThis, { benchPage: page });
document.body.dataset.ready = "";
