/** Server-sent events to a client that may be slower than the model. */

export interface EventStream<Data, Piece> {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Sends a piece as events of its own, or joined to others while the client does not take what it has. */
  say(piece: Piece): void;
  /** Sends an event behind all pieces. */
  send(data: Data): void;
  /** Ends the stream behind everything. Once the client has left, this and the others do nothing. */
  close(): void;
}

/** Bytes that wait for the client before pieces are joined. */
const room = 2 ** 16;

/**
 * A stream whose memory is bounded by what is said, however many pieces it comes in. `eventsOf` makes events of pieces
 * that go together; `onLeft` is called when the client goes.
 */
export function eventStream<Data, Piece>(
  eventsOf: (pieces: readonly Piece[]) => readonly Data[],
  onLeft: () => void,
): EventStream<Data, Piece> {
  let waiting: Piece[] = [];
  let left = false;
  let controller: Controller | undefined;
  const flush = (to: Controller) => {
    if (waiting.length === 0) return;
    const pieces = waiting;
    waiting = [];
    for (const data of eventsOf(pieces)) to.enqueue(event(data));
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
    say(piece) {
      if (left) return;
      waiting.push(piece);
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

/** One server-sent event; what has a type of its own is named by it, as OpenAI's responses are. */
function event(data: unknown): Uint8Array<ArrayBuffer> {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  const { type } = typeof data === "object" && data !== null && "type" in data ? data : { type: undefined };
  const name = typeof type === "string" ? `event: ${type}\n` : "";
  return new TextEncoder().encode(`${name}data: ${text}\n\n`);
}
