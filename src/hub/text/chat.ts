/**
 * Conversations to text and token ids, by the chat template of a Hugging Face folder (template.ts).
 *
 *     openChat(tokenizer, template?, imageTokenId?)           -> Chat
 *     renderPrompt(chat, messages, {addGenerationPrompt})     -> text, one image token an image
 *     encodePrompt(chat, messages, {images, ...})             -> ids, each image token replaced by an image's
 *     conversationIds(chat, messages)                         -> ids with one image token an image
 *     promptParts(chat, {question, answer?, images?})         -> {prefix, question, answer} ids
 */
import { UserError } from "../../common/errors.ts";
import { type ChatTemplate, openTemplate } from "./template.ts";
import { requireSpecial, type TextTokenizer } from "./tokenizer.ts";

export type ContentPart = { readonly type: "image" } | { readonly type: "text"; readonly text: string };

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string | readonly ContentPart[];
}

/** A chat template with the tokenizer it belongs to. */
export interface Chat {
  readonly tokenizer: TextTokenizer;
  readonly template: ChatTemplate;
  /** What the template writes for an image; undefined where the tokenizer has none. */
  readonly imageTokenId: number | undefined;
  /** Whether the template is LLaVA-1.5's for want of one of the model's own. */
  readonly isStandIn: boolean;
}

/**
 * `<s>USER: <image>\n{question} ASSISTANT: {answer}</s>`: LLaVA-1.5's prompt with its special tokens written
 * out, so that the tokenizer need not add any.
 */
export const defaultChatTemplate = [
  "{{ bos_token }}",
  "{% for message in messages %}",
  "{% if message['role'] == 'assistant' %}{{ 'ASSISTANT:' }}",
  "{% elif message['role'] == 'user' %}{{ 'USER: ' }}{% endif %}",
  "{% if message['content'] is string %}{% set parts = [{'type': 'text', 'text': message['content']}] %}",
  "{% else %}{% set parts = message['content'] %}{% endif %}",
  "{% for part in parts %}{% if part['type'] == 'image' %}{{ '<image>\\n' }}{% endif %}{% endfor %}",
  "{% for part in parts %}{% if part['type'] == 'text' %}",
  "{% if message['role'] == 'assistant' %}{{ ' ' + part['text'] }}",
  "{% else %}{{ part['text'] + ' ' }}{% endif %}",
  "{% endif %}{% endfor %}",
  "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}",
  "{% endfor %}",
  "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}",
].join("");

/** Throws a UserError when the template cannot be parsed. */
export function openChat(
  tokenizer: TextTokenizer,
  template?: string,
  imageTokenId = tokenizer.special.image,
): Chat {
  try {
    const isStandIn = template === undefined;
    return { tokenizer, template: openTemplate(template ?? defaultChatTemplate), imageTokenId, isStandIn };
  } catch (cause) {
    throw templateFault(cause);
  }
}

/** In one line: what templates raise may be of any length. */
function templateFault(cause: unknown): UserError {
  const told = (cause as Error).message.replaceAll(/\s+/g, " ");
  return new UserError(`chat template: ${told.length > 300 ? `${told.slice(0, 300)}...` : told}`, { cause });
}

export interface RenderOptions {
  /** End with what opens the assistant's turn. Default false. */
  readonly addGenerationPrompt?: boolean;
  /** Further variables of the template, as `{ enable_thinking: false }`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** The conversation as text, before image tokens are repeated. */
export function renderPrompt(chat: Chat, messages: readonly Message[], options: RenderOptions = {}): string {
  const { tokenizer, template } = chat;
  const text = (id: number | undefined) => (id === undefined ? "" : tokenizer.token(id));
  try {
    return template.render({
      ...options.variables,
      messages,
      add_generation_prompt: options.addGenerationPrompt ?? false,
      bos_token: text(tokenizer.special.bos),
      eos_token: text(tokenizer.special.eos),
      pad_token: text(tokenizer.special.pad),
      unk_token: text(tokenizer.special.unk),
    });
  } catch (cause) {
    throw templateFault(cause);
  }
}

/** The token ids that stand for an image, image tokens and any marks around them (`ProcessedImage.ids`). */
export type ImageIds = readonly number[];

/**
 * Ids of the rendered conversation; the image tokens become the images' ids, in order. Throws a UserError when
 * there are not as many of one as of the other.
 */
export function encodePrompt(
  chat: Chat,
  messages: readonly Message[],
  { images, ...options }: RenderOptions & { readonly images: readonly ImageIds[] },
): number[] {
  const text = renderPrompt(chat, messages, options);
  const ids = encodeRendered(chat, text);
  checkImages(chat, ids, images, text);
  let next = 0;
  return ids.flatMap((id) => (id === chat.imageTokenId ? images[next++] : id));
}

/** Ids of a conversation up to where the assistant's turn begins, with one image token an image. */
export function conversationIds(
  chat: Chat,
  messages: readonly Message[],
  variables?: RenderOptions["variables"],
): number[] {
  return encodeRendered(chat, renderPrompt(chat, messages, { addGenerationPrompt: true, variables }));
}

/** Image tokens that the template writes for a conversation, with those that stand in its texts. */
export function imageTokensIn(chat: Chat, messages: readonly Message[]): number {
  return conversationIds(chat, messages).filter((id) => id === chat.imageTokenId).length;
}

function checkImages(chat: Chat, ids: readonly number[], images: readonly ImageIds[], text: string): void {
  const found = ids.filter((id) => id === chat.imageTokenId).length;
  if (found === images.length) return;
  const wanted = images.length === 1 ? "one image token for one image" : `${images.length} image tokens`;
  throw new UserError(`chat template: expected ${wanted}, found ${found} in ${show(text)}`);
}

/** A prompt about images in three pieces whose concatenation is the whole row. */
export interface PromptParts {
  /** Up to and including the last image's ids: the same for every question. */
  readonly prefix: readonly number[];
  /** From there to where the answer begins. */
  readonly question: readonly number[];
  /** The answer and the token that ends it; empty without an answer. */
  readonly answer: readonly number[];
}

/**
 * Token ids of one question about the images, which come before it, as the template renders it: prefix + question is
 * what the model is given to answer; the answer ends with the end-of-sequence token, which is added where the template
 * has none. With an answer the three are the ids of the whole conversation: where the tokenizer joins the prompt's end
 * and the answer's beginning, that token is the answer's, and the question is shorter than without one. The last image
 * token is the boundary of the prefix: the tokenizer always splits there. Without `images` one image's place is held by
 * its token.
 */
export function promptParts(
  chat: Chat,
  given: { question: string; answer?: string; images?: readonly ImageIds[] },
): PromptParts {
  const { question, answer, images = [[requireImageToken(chat)]] } = given;
  const shown = images.map(() => ({ type: "image" }) as const);
  const asked: Message = { role: "user", content: [...shown, { type: "text", text: question }] };
  const prompt = renderPrompt(chat, [asked], { addGenerationPrompt: true });
  const ids = encodeRendered(chat, prompt);
  checkImages(chat, ids, images, prompt);
  const at = ids.lastIndexOf(chat.imageTokenId as number);
  const said = answer === undefined ? undefined : answerIds(chat, { asked, answer, prompt, promptIds: ids });
  let next = 0;
  return {
    prefix: ids.slice(0, at + 1).flatMap((id) => (id === chat.imageTokenId ? images[next++] : id)),
    question: ids.slice(at + 1, said?.from),
    answer: said?.ids ?? [],
  };
}

function requireImageToken({ imageTokenId, tokenizer }: Chat): number {
  return imageTokenId ?? requireSpecial(tokenizer, "image");
}

interface Asked {
  readonly asked: Message;
  readonly answer: string;
  readonly prompt: string;
  readonly promptIds: readonly number[];
}

/** The rest of the row after the prompt, tokenised together with it, and where it begins among all ids. */
function answerIds(chat: Chat, { asked, answer, prompt, promptIds }: Asked): { ids: number[]; from: number } {
  const eos = requireSpecial(chat.tokenizer, "eos");
  const said: Message = { role: "assistant", content: [{ type: "text", text: answer }] };
  const rendered = withPrompt(renderPrompt(chat, [asked, said]), prompt, answer);
  const end = chat.tokenizer.token(eos) ?? "";
  // Some templates end a turn with a space or a line end: the model should end it with one token only.
  const ids = encodeRendered(chat, trimEndOf(rendered, end));
  const parted = promptIds.findIndex((id, i) => id !== ids[i]);
  const from = parted < 0 ? promptIds.length : parted;
  if (from > promptIds.lastIndexOf(chat.imageTokenId as number))
    return { ids: [...ids.slice(from), eos], from };
  throw new UserError(`chat template: expected the image in a turn of its own, found ${show(prompt)}`);
}

/**
 * The rendered conversation, which must begin with the prompt. Some templates open a past turn with other white space
 * than the turn that is to come: the model is to be trained on what it will be given.
 */
function withPrompt(rendered: string, prompt: string, answer: string): string {
  if (rendered.startsWith(prompt)) return rendered;
  if (prompt.trim() !== "" && rendered.startsWith(prompt.trimEnd())) return prompt + answer;
  throw new UserError(`chat template: expected the answer after ${show(prompt)}, found ${show(rendered)}`);
}

function trimEndOf(text: string, end: string): string {
  const trimmed = text.trimEnd();
  return end !== "" && trimmed.endsWith(end) ? trimmed.slice(0, -end.length).trimEnd() : trimmed;
}

/**
 * As Python's processors do: what the tokenizer adds is left out where the template wrote it already, at the start or
 * after images that come first.
 */
function encodeRendered({ tokenizer, imageTokenId }: Chat, text: string): number[] {
  const token = (id: number | undefined) => (id === undefined ? undefined : tokenizer.token(id));
  const [bos, image] = [token(tokenizer.special.bos), token(imageTokenId)];
  let start = 0;
  while (image !== undefined && text.startsWith(image, start)) start += image.length;
  const written = bos !== undefined && (text.startsWith(bos) || text.startsWith(bos, start));
  return tokenizer.encode(text, { addSpecialTokens: !written });
}

function show(text: string): string {
  return JSON.stringify(text);
}
