/** The camera, asked for only when somebody wants it. */
import { UserError } from "../../../../common/errors.ts";
import type { RgbImage } from "../../../../common/image.ts";
import { readPicture } from "../../../../web/picture.ts";

export interface Camera {
  stop(): void;
}

/** Why there is no camera, by the name of the browser's error. */
const reasons: Readonly<Record<string, string>> = {
  NotAllowedError: "this page may not use it; allow it in the browser’s settings for this page",
  NotFoundError: "there is none",
  NotReadableError: "another program uses it",
};

/**
 * Gives a frame whenever the one before has been taken, until it is stopped. Rejects with a UserError where there is no
 * camera or the visitor refuses it.
 */
export async function openCamera(onFrame: (image: RgbImage) => void, onEnd: () => void): Promise<Camera> {
  const stream = await cameraStream();
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  let isOn = true;
  const stop = () => {
    if (!isOn) return;
    isOn = false;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
    onEnd();
  };
  for (const track of stream.getTracks()) track.addEventListener("ended", stop);
  await video.play();
  const next = async () => {
    if (!isOn) return;
    const frame = video.videoWidth > 0 ? await squareFrame(video) : undefined;
    if (!isOn) return;
    if (frame !== undefined) onFrame(frame);
    video.requestVideoFrameCallback(() => void next().catch(stop));
  };
  void next().catch(stop);
  return { stop };
}

async function cameraStream(): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined)
    throw new UserError("camera: browsers give it only to pages of this machine or with https");
  try {
    return await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 640 }, audio: false });
  } catch (cause) {
    const { name, message } = cause as Error;
    throw new UserError(`camera: ${reasons[name] ?? message}`, { cause });
  }
}

/** Pixels a side of a frame. */
const side = 320;

/** The middle of the frame, square. */
function squareFrame(video: HTMLVideoElement): Promise<RgbImage> {
  const { videoWidth: width, videoHeight: height } = video;
  const short = Math.min(width, height);
  const canvas = new OffscreenCanvas(side, side);
  const pen = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  pen.drawImage(video, (width - short) / 2, (height - short) / 2, short, short, 0, 0, side, side);
  return readPicture(canvas);
}
