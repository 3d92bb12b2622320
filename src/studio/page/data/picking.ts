/** The ways in which a visitor gives a folder to a room: its buttons, its file inputs, and a drop on it. */
import type { LitElement, ReactiveController } from "lit";
import { directoryPicker, folderOfDrop, folderOfFiles, folderOfHandle, type PickedFolder } from "./picked.ts";

export interface PickingOptions {
  /** What the browser asks the visitor for. */
  readonly mode: "read" | "readwrite";
  /** Rejections of `read` are for the room to say. */
  readonly open: (read: () => Promise<PickedFolder>) => Promise<void>;
}

/** Its room has an `<input class="folder" webkitdirectory>`, for browsers that have no better. */
export class Picking implements ReactiveController {
  private readonly room: LitElement;
  private readonly options: PickingOptions;

  constructor(room: LitElement, options: PickingOptions) {
    this.room = room;
    this.options = options;
    room.addController(this);
  }

  hostConnected(): void {
    this.room.addEventListener("dragover", this.onDragOver);
    this.room.addEventListener("drop", this.onDrop);
  }

  hostDisconnected(): void {
    this.room.removeEventListener("dragover", this.onDragOver);
    this.room.removeEventListener("drop", this.onDrop);
  }

  readonly openFolder = async (): Promise<void> => {
    const pick = directoryPicker();
    if (pick === undefined) {
      this.room.renderRoot.querySelector<HTMLInputElement>("input.folder")?.click();
      return;
    }
    const picked = await pick({ mode: this.options.mode }).catch(() => undefined); // The visitor thought better of it.
    if (picked !== undefined) await this.options.open(() => folderOfHandle(picked));
  };

  readonly openFiles = (event: Event): void => {
    const { files } = event.target as HTMLInputElement;
    if (files !== null && files.length > 0) void this.options.open(async () => folderOfFiles(files));
  };

  private readonly onDragOver = (event: Event) => event.preventDefault();

  private readonly onDrop = (event: DragEvent): void => {
    event.preventDefault();
    const items = event.dataTransfer?.items;
    if (items !== undefined && items.length > 0) void this.options.open(() => folderOfDrop(items));
  };
}
