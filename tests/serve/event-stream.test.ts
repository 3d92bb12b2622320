import { expect, it } from "vitest";
import { eventStream } from "../../src/serve/event-stream.ts";

const open = (onLeft = () => {}) =>
  eventStream<object | "[DONE]", string>((texts) => {
    const text = texts.join("");
    return text === "" ? [] : [{ text }];
  }, onLeft);

async function eventsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string[]> {
  const text = await new Response(body).text();
  return text
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.slice("data: ".length));
}

it("sends each piece of text as it comes to a client that reads", async () => {
  const stream = open();
  stream.send({ first: true });
  for (const text of ["a", "", "b"]) stream.say(text);
  stream.send("[DONE]");
  stream.close();
  expect(await eventsOf(stream.body)).toEqual(['{"first":true}', '{"text":"a"}', '{"text":"b"}', "[DONE]"]);
});

it("joins text for a client that does not read, and loses nothing", async () => {
  const stream = open();
  const pieces = Array.from({ length: 100_000 }, (_, i) => `${i} `);
  for (const piece of pieces) stream.say(piece);
  stream.send("[DONE]");
  stream.close();
  const events = await eventsOf(stream.body);
  expect(events.length).toBeLessThan(pieces.length / 10);
  expect(events.pop()).toBe("[DONE]");
  expect(events.map((event) => JSON.parse(event).text).join("")).toBe(pieces.join(""));
});

it("tells when the client leaves, and takes no more then", async () => {
  let left = 0;
  const stream = open(() => left++);
  stream.say("a");
  await stream.body.cancel();
  stream.say("b");
  stream.send("[DONE]");
  stream.close();
  expect(left).toBe(1);
});
