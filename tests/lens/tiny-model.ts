import { familyOf } from "../../src/answers/families.ts";
import { openChat } from "../../src/hub/text/chat.ts";
import { openTokenizer } from "../../src/hub/text/tokenizer.ts";
import { wordTokenizer } from "../../src/hub/text/word-tokenizer.ts";
import { imageProcessor, processorJson } from "../../src/models/inputs/square-settings.ts";
import { llava } from "../../src/models/llava/family.ts";
import { tinyLlava } from "../../src/models/llava/tiny.ts";
import { programCache, type Vlm } from "../../src/vlm/open.ts";

export const text = "what is it ? where is the big cat dog ball red blue yes no a1 a2";

/** A random model of 16-pixel images, 4 x 4 patches, two decoder layers: enough to test plumbing exactly. */
export function tinyModel(seed = 1): Vlm {
  const tokenizer = openTokenizer(wordTokenizer([text]));
  const config = tinyLlava({
    vocabSize: tokenizer.vocabSize,
    imageTokenId: tokenizer.special.image as number,
    bosTokenId: tokenizer.special.bos,
    eosTokenId: tokenizer.special.eos,
    padTokenId: tokenizer.special.pad,
    vision: { imageSize: 16, patchSize: 4, width: 16, layers: 1, heads: 2, mlpRatio: 2 },
    decoder: { width: 16, layers: 2, heads: 2, mlpRatio: 2, maxPositions: 64, tieEmbeddings: false },
  });
  const family = llava.bind(config);
  return {
    name: "tiny",
    folder: "tiny",
    family,
    params: family.initParams(seed),
    facts: family.facts,
    chat: openChat(tokenizer),
    reader: family.openReader({ preprocessor: processorJson(imageProcessor(16)) }, tokenizer, "tiny"),
    asking: familyOf("fovea"),
    repetitionPenalty: 1,
    programs: programCache(),
  };
}

/** A picture with structure, so that patches differ. */
export function testPicture(width = 16, height = 16) {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i >> 3) * 11) % 256);
  return { width, height, data };
}
