/** Pictures that a visitor brings while a room is in the page: picked, dropped anywhere, pasted, or seen by the camera. */
import type { ReactiveController, ReactiveControllerHost } from "lit";
import { bringsFiles, fileOf, noFile, type OwnPicture, readOwn } from "../../own-picture.ts";
import { type Camera, openCamera } from "./camera.ts";

/** Takes a picture; `live`: a frame of the camera. */
export type TakePicture = (picture: OwnPicture, live: boolean) => void;

export class Bringing implements ReactiveController {
  /** Whether files are held over the page. */
  isOver = false;
  /** What went wrong with a picture, in one line. */
  problem = "";
  private readonly host: ReactiveControllerHost;
  private readonly take: TakePicture;
  private camera: Camera | undefined;
  /** Counts what the visitor turned to: a camera that is allowed after that is let go at once. */
  private turn = 0;
  private listening: AbortController | undefined;

  constructor(host: ReactiveControllerHost, take: TakePicture) {
    this.host = host;
    this.take = take;
    host.addController(this);
  }

  /** Whether the camera is on. */
  get isLive(): boolean {
    return this.camera !== undefined;
  }

  hostConnected(): void {
    this.listening = new AbortController();
    const { signal } = this.listening;
    addEventListener("paste", (event) => void this.bring(event.clipboardData, event), { signal });
    addEventListener("dragover", (event) => this.hold(event), { signal });
    addEventListener("dragleave", (event) => event.relatedTarget === null && this.change({ isOver: false }), {
      signal,
    });
    addEventListener("drop", (event) => void this.bring(event.dataTransfer, event), { signal });
  }

  hostDisconnected(): void {
    this.listening?.abort();
    this.stop();
  }

  /** Of the field that a file is picked with. */
  pick(input: HTMLInputElement): void {
    const [file] = input.files ?? [];
    input.value = "";
    if (file !== undefined) void this.open(file);
  }

  async toggleCamera(): Promise<void> {
    if (this.camera !== undefined) return this.stop();
    const turn = ++this.turn;
    const isWanted = () => turn === this.turn;
    const onEnd = () => {
      if (isWanted()) this.stop();
    };
    try {
      const camera = await openCamera((image) => this.take({ name: "camera", image }, true), onEnd);
      if (!isWanted()) return camera.stop();
      this.camera = camera;
      this.change({ problem: "" });
    } catch (error) {
      if (isWanted()) this.change({ problem: (error as Error).message });
    }
  }

  /** Ends the camera and forgets what went wrong: something else is shown. */
  stop(): void {
    this.turn++;
    this.camera?.stop();
    this.camera = undefined;
    this.change({ problem: "" });
  }

  private hold(event: DragEvent): void {
    if (event.defaultPrevented || !bringsFiles(event.dataTransfer)) return;
    event.preventDefault();
    this.change({ isOver: true });
  }

  private async bring(transfer: DataTransfer | null, event: Event): Promise<void> {
    this.change({ isOver: false });
    if (event.defaultPrevented || !bringsFiles(transfer)) return;
    event.preventDefault();
    const file = fileOf(transfer);
    if (file === undefined) this.change({ problem: noFile.message });
    else await this.open(file);
  }

  private async open(file: File): Promise<void> {
    this.stop();
    try {
      this.take(await readOwn(file), false);
    } catch (error) {
      this.change({ problem: (error as Error).message });
    }
  }

  private change(values: Partial<Pick<Bringing, "isOver" | "problem">>): void {
    Object.assign(this, values);
    this.host.requestUpdate();
  }
}
