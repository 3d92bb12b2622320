/** How a model folder is used from Python, as code to copy. */

/** How Python's processor is given a picture and a question. */
export type PythonPrompt =
  /** By the chat template of the folder. */
  | { readonly kind: "chat" }
  /** As one text, in which `{question}` stands for the question and the processor's image token for the picture. */
  | { readonly kind: "text"; readonly text: string };

export interface PythonUse {
  /** Folder, or OWNER/NAME. */
  readonly model: string;
  /** Where `model` is an adapter: what it is for. */
  readonly base?: string;
  readonly prompt: PythonPrompt;
  /** Whether the adapter's folder says itself how pictures are prepared. */
  readonly ownPictures?: boolean;
}

/** A program that asks one question about one picture, without sampling. */
export function pythonSnippet({ model, base, prompt, ownPictures = false }: PythonUse): string {
  const classes = [
    ...(ownPictures ? ["AutoImageProcessor"] : []),
    "AutoModelForImageTextToText",
    "AutoProcessor",
  ];
  const imports = [`from transformers import ${classes.join(", ")}`];
  const plain = [
    `folder = ${quoted(model)}`,
    "processor = AutoProcessor.from_pretrained(folder)",
    "model = AutoModelForImageTextToText.from_pretrained(folder)",
  ];
  const adapted = [
    `base, adapter = ${quoted(base ?? "")}, ${quoted(model)}`,
    "processor = AutoProcessor.from_pretrained(base)",
    ...(ownPictures ? ["processor.image_processor = AutoImageProcessor.from_pretrained(adapter)"] : []),
    "model = PeftModel.from_pretrained(AutoModelForImageTextToText.from_pretrained(base), adapter)",
  ];
  return [
    ...(base === undefined ? [] : ["from peft import PeftModel"]),
    ...imports,
    ...(prompt.kind === "text" ? ["from transformers.image_utils import load_image"] : []),
    "",
    ...(base === undefined ? plain : adapted),
    "",
    'picture, question = "photo.jpg", "Where is the cat?"',
    ...inputs(prompt),
    "output = model.generate(**inputs, max_new_tokens=64, do_sample=False)",
    'answer = output[:, inputs["input_ids"].shape[1] :]',
    "print(processor.batch_decode(answer, skip_special_tokens=True)[0].strip())",
  ].join("\n");
}

function inputs(prompt: PythonPrompt): string[] {
  if (prompt.kind === "text") {
    const text = quoted(prompt.text)
      .replace("{question}", '" + question + "')
      .replace(/ \+ ""$/, "");
    return [`inputs = processor(text=${text}, images=load_image(picture), return_tensors="pt")`];
  }
  return [
    'content = [{"type": "image", "path": picture}, {"type": "text", "text": question}]',
    "inputs = processor.apply_chat_template(",
    '    [{"role": "user", "content": content}],',
    '    add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",',
    ")",
  ];
}

/** A string as Python writes it: JSON's escapes are Python's too. */
const quoted = (text: string) => JSON.stringify(text);
