import {
  attentionMaps,
  attentionScale,
  conceptMask,
  drawPicture,
  droppedSource,
  httpSource,
  layerName,
  lensMaps,
  lensSentence,
  maskedPicture,
  openVlm,
  paintView,
  peakOf,
  placeText,
  readPicture,
  spaceScale,
  viewWithin,
} from "fovea/web";

/** Where the model's folder and ONNX Runtime's .wasm files lie, from this page. `?model=` and `?wasm=` name others. */
const asked = new URLSearchParams(location.search);
const folder = new URL(asked.get("model") ?? "node_modules/fovea-twins/checkpoints/full/", document.baseURI);
const assets = new URL(asked.get("wasm") ?? "node_modules/onnxruntime-web/dist/", document.baseURI).href;

const at = (id) => document.getElementById(id);
/** The longer side of the shown pictures, in pixels. */
const side = 448;

/** What the page shows: a model's files, the model, a picture, its view, and how its last map is drawn at a layer. */
const shown = {
  source: httpSource(folder),
  model: undefined,
  picture: undefined,
  view: undefined,
  draw: undefined,
};

/** One thing after the other: a click while the model works waits for its turn. */
let turn = Promise.resolve();
function next(work, told) {
  turn = turn.then(async () => {
    say(told);
    for (const button of document.querySelectorAll("button")) button.disabled = true;
    // The model works on the page's own thread: what was said is drawn before.
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    const start = performance.now();
    try {
      await work();
      const seconds = ((performance.now() - start) / 1000).toFixed(2);
      say(`${shown.model?.name ?? "no model"}, on ${at("device").value}; the last step took ${seconds} s`);
    } catch (error) {
      say(error.message, true);
    }
    for (const button of document.querySelectorAll("button")) button.disabled = false;
  });
  return turn;
}

function say(text, wrong = false) {
  at("status").textContent = text;
  at("status").classList.toggle("wrong", wrong);
}

async function openModel() {
  await shown.model?.programs.dispose();
  shown.model = await openVlm(shown.source, { machine: { device: at("device").value, assets } });
  const { layers } = shown.model.facts;
  at("layer").max = layers;
  at("layer").value = layers;
}

async function reopen() {
  await openModel();
  await showConcept();
}

async function choosePicture(input) {
  shown.picture = await readPicture(input);
  shown.view = viewWithin(shown.picture, side);
  drawPicture(at("photo"), shown.view.picture);
}

/** The concept's map at the chosen layer, or what it cuts out. */
async function showConcept() {
  const words = [at("concept").value];
  const lens = await lensMaps(shown.model, shown.picture, words, { ranks: true, topK: 1 });
  const { geometry, layers } = lens;
  draw((layer) => {
    tell(layer, lensSentence(lens, 0, layer));
    if (!at("mask").checked) return drawMap(geometry, layers[layer].maps[0], spaceScale(lens));
    const { picture } = shown.view;
    drawPicture(at("map"), maskedPicture(picture, conceptMask(lens, 0, { layer, size: picture })));
    drawScale(undefined);
  });
}

/** The answer, and where the model looks as it says the first word of it. */
async function ask() {
  at("answer").textContent = "…";
  const result = await attentionMaps(shown.model, shown.picture, at("question").value);
  at("answer").textContent = result.answer;
  const [{ token, layers }] = result.tokens;
  draw((chosen) => {
    const { layer, map } = layers[Math.max(1, chosen) - 1];
    tell(layer, `looks most at ${placeText(peakOf(map, result.geometry))} as the model says “${token}”`);
    drawMap(result.geometry, map, attentionScale(result));
  });
}

function draw(atLayer) {
  shown.draw = () => atLayer(Number(at("layer").value));
  shown.draw();
}

function tell(layer, sentence) {
  const name = layerName(layer);
  at("layer-name").textContent = name;
  at("sentence").textContent = `${layer === 0 ? "The decoder's input" : `Layer ${layer}`} ${sentence}.`;
}

function drawMap(geometry, map, scale) {
  drawPicture(at("map"), paintView(shown.view, geometry, map, scale));
  drawScale(scale);
}

/** What the map's colours stand for: 256 of them, from the lowest to the highest value. */
function drawScale(scale) {
  const [bar, label] = at("scale").children;
  at("scale").hidden = scale === undefined;
  if (scale === undefined) return;
  const colours = Array.from({ length: 256 }, (_, i) => `rgb(${scale.colours.slice(3 * i, 3 * i + 3)})`);
  bar.style.background = `linear-gradient(to right, ${colours})`;
  bar.replaceChildren(
    ...scale.ticks.map(({ at: place, text }) => {
      const tick = document.createElement("span");
      tick.textContent = text;
      tick.style.left = `${100 * place}%`;
      return tick;
    }),
  );
  label.textContent = scale.label;
}

/** Texts as buttons that write themselves into an input and send its form. */
function offer(row, input, texts) {
  row.replaceChildren(
    ...texts.map((text) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.onclick = () => {
        input.value = text;
        input.form.requestSubmit();
      };
      return button;
    }),
  );
}

async function chooseScene(button) {
  for (const other of document.querySelectorAll(".scene")) other.ariaPressed = String(other === button);
  const concepts = button.dataset.concepts.split(" ");
  const questions = button.dataset.questions.split("|");
  offer(at("concepts"), at("concept"), concepts);
  offer(at("questions"), at("question"), questions);
  at("concept").value = concepts[0];
  at("question").value = questions[0];
  at("answer").textContent = "";
  await choosePicture(await (await fetch(button.dataset.scene)).blob());
  await showConcept();
}

async function chooseOwn(file) {
  for (const other of document.querySelectorAll(".scene")) other.ariaPressed = "false";
  at("answer").textContent = "";
  await choosePicture(file);
  await showConcept();
}

/** A picture is looked at; a model's folder, or its files, take the place of the model. */
async function takeDrop(dropped) {
  const [file] = dropped.files;
  if (dropped.files.length === 1 && file.type.startsWith("image/")) return next(() => chooseOwn(file), "Looking …");
  const source = droppedSource(dropped); // Now: a browser forgets a drop when its event is over.
  return next(async () => {
    shown.source = await source;
    await reopen();
  }, "Opening the model …");
}

for (const button of document.querySelectorAll(".scene"))
  button.onclick = () => next(() => chooseScene(button), "Looking …");
at("file").onchange = ({ target }) => next(() => chooseOwn(target.files[0]), "Looking …");
at("lens").onsubmit = (event) => {
  event.preventDefault();
  next(showConcept, "Looking …");
};
at("ask").onsubmit = (event) => {
  event.preventDefault();
  next(ask, "Answering …");
};
at("layer").oninput = () => shown.draw?.();
at("mask").onchange = () => next(showConcept, "Looking …");
at("device").onchange = () => next(reopen, "Opening the model …");
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
addEventListener("dragleave", () => document.body.classList.remove("dropping"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  takeDrop(event.dataTransfer);
});

await next(openModel, "Loading the model …");
await next(() => chooseScene(document.querySelector(".scene")), "Looking …");
document.body.dataset.ready = "";
