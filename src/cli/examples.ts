/** Command lines that every help page ends with, by the words that lead to the command. */
const examples: Readonly<Record<string, readonly string[]>> = {
  "": [
    "fovea studio",
    "fovea data make scenes --count 1000 --out my-data",
    "fovea train --preset lora --model OWNER/NAME --data my-data --out runs/mine",
    "fovea lens photo.jpg --concept dog --model runs/mine/model",
  ],
  pull: ["fovea pull HuggingFaceTB/SmolVLM-256M-Instruct", "fovea pull OWNER/NAME --revision v1.0 --all"],
  build: [
    "fovea build --vision google/siglip-base-patch16-224 --language Qwen/Qwen3-0.6B --out my-vlm",
    "fovea build --vision my-llava --language SmolLM2-135M-Instruct-Q4_K_M.gguf --out my-vlm",
    "fovea build --vision my-llava --language my-smolvlm --out my-vlm --dtype F16",
  ],
  data: [
    "fovea data make line-tracing --count 100 --out lines",
    "fovea data import coco instances.json --out coco",
  ],
  "data make": [
    "fovea data make scenes --count 1000 --out my-data",
    "fovea data make line-tracing --preset benchmark --out line-tracing-v1",
  ],
  "data import": [
    "fovea data import coco instances_val2017.json --images val2017 --out coco",
    "fovea data import grounding train.jsonl --boxes norm1000 --out grounding",
    "fovea data import coco-captions captions_train2017.json --images train2017 --limit 1000 --out captions",
  ],
  train: [
    "fovea train --list",
    "fovea train --preset lora --model OWNER/NAME --data my-data --out runs/mine",
    "fovea train --preset full --set train.learningRate=1e-3 --steps 2000 --out runs/full",
    "fovea train --out runs/full --resume",
    "fovea train --out runs/full --resume --steps 4000",
  ],
  ablate: [
    "fovea ablate --preset full --arms ntp,ntp+lll,ntp+klal,ntp+lll+klal --seeds 3 --out ablation",
    "fovea ablate mine.yaml --model OWNER/NAME --lora --data my-data --jobs 2 --out ablation",
    "fovea ablate mine.yaml --arm ntp=ntp --arm best=ntp+klal,losses.klal.heads=best --out heads",
    "fovea ablate --out ablation --report",
  ],
  merge: [
    "fovea merge runs/mine/model --out merged",
    "fovea merge OWNER/ADAPTER --base my-base --out merged",
  ],
  lens: [
    "fovea lens photo.jpg --concept dog --concept cat --model OWNER/NAME",
    "fovea lens photo.jpg --patch 3:5-8 --concept dog --locality --model OWNER/NAME",
    "fovea lens a.jpg b.jpg --concept dog --layer 12 --all-layers --model OWNER/NAME --out out/dogs --replace",
  ],
  attend: [
    'fovea attend photo.jpg --question "Where is the dog?" --model OWNER/NAME',
    'fovea attend photo.jpg --question "Where is the dog?" --region 40,60,200,220 --heads --model OWNER/NAME',
    'fovea attend photo.jpg --question "Where is the dog?" --hide 3:5-8 --strike 2:1 --model OWNER/NAME',
  ],
  segment: [
    "fovea segment photo.jpg --concept dog --model OWNER/NAME",
    "fovea segment --calibrate my-data --model runs/mine/model",
    "fovea segment photo.jpg --concept dog --threshold 0.3 --model runs/mine/model",
  ],
  eval: [
    "fovea eval my-data --model OWNER/NAME",
    "fovea eval my-data --model runs/mine/model --against OWNER/NAME",
    "fovea eval line-tracing --model openai:gpt-5 --limit 200 --max-cost 2",
    "fovea eval line-tracing --model http://localhost:8000/v1#my-model --dry-run",
  ],
  probe: [
    "fovea probe my-data --model runs/mine/model --against OWNER/NAME",
    "fovea probe --model checkpoints/full --against checkpoints/ntp",
  ],
  language: [
    "fovea language --model runs/mine/model --against OWNER/NAME",
    "fovea language --model runs/mine/model --text novel.txt --instructions asked.txt --json",
  ],
  compare: ["fovea compare out/evals/line-tracing-v1/a out/evals/line-tracing-v1/b"],
  leaderboard: ["fovea leaderboard out/evals/*/* --out out/leaderboard"],
  "serve-api": [
    "fovea serve-api --model runs/mine/model --port 8000",
    "fovea serve-api --model OWNER/NAME --host 0.0.0.0 --api-key-env MY_KEY",
  ],
  studio: ["fovea studio", "fovea studio --model runs/mine/model --against OWNER/NAME"],
  demo: ["fovea demo", 'fovea demo photo.png --concept cat --question "where is the cat ?"'],
  devices: ["fovea devices", "fovea devices --json"],
  doctor: ["fovea doctor", "fovea doctor --json"],
  complete: [
    "fovea complete bash >> ~/.bashrc",
    "fovea complete zsh >> ~/.zshrc",
    "fovea complete fish > ~/.config/fish/completions/fovea.fish",
  ],
};

/** Of `data make` each task has the same two. */
const taskExamples = (task: string): readonly string[] => [
  `fovea data make ${task} --count 100 --out my-${task}`,
  ...(task === "scenes"
    ? ["fovea data make scenes --count 1000 --cutouts my-cutouts --backgrounds my-photos --out my-scenes"]
    : [`fovea data make ${task} --preset benchmark --out ${task}-v1`]),
];

export function examplesOf(path: readonly string[]): readonly string[] {
  const [first, second, task] = path;
  if (first === "data" && second === "make" && task !== undefined) return taskExamples(task);
  return examples[path.join(" ")] ?? [];
}
