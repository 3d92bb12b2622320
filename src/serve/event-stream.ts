/** Server-sent events to a client that may be slower than the model. */

export interface EventStream<Data> {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Sends text as an event of its own, or joined to other text while the client does not take what it has. */
  say(text: string): void;
  /** Sends an event behind all text. */
  send(data: Data): void;
  /** Ends the stream behind everything. Once the client has left, this and the others do nothing. */
  close(): void;
}

/** Bytes that wait for the client before text is joined. */
const room = 2 ** 16;

/**
 * A stream whose memory is bounded by the text that is said, however many pieces it comes in. `textEvent` makes an
 * event of text; `onLeft` is called when the client goes.
 */
export function eventStream<Data>(textEvent: (text: string) => Data, onLeft: () => void): EventStream<Data> {
  let waiting = "";
  let left = false;
  let controller: Controller | undefined;
  const flush = (to: Controller) => {
    if (waiting === "") return;
    const text = waiting;
    waiting = "";
    to.enqueue(event(textEvent(text)));
  };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(opened) {
        controller = opened;
      },
      pull: flush,
      cancel() {
        left = true;
        onLeft();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: room }),
  );
  const to = () => controller as Controller; // A stream starts while it is made.
  return {
    body,
    say(text) {
      if (left) return;
      waiting += text;
      if ((to().desiredSize ?? 0) > 0) flush(to());
    },
    send(data) {
      if (left) return;
      flush(to());
      to().enqueue(event(data));
    },
    close() {
      if (left) return;
      flush(to());
      to().close();
    },
  };
}

type Controller = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;

/** One server-sent event. */
function event(data: unknown): Uint8Array<ArrayBuffer> {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return new TextEncoder().encode(`data: ${text}\n\n`);
}
