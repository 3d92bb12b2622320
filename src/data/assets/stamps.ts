/**
 * The stamps of Tux Paint (https://tuxpaint.org/stamps; public domain and GPL, by many people), by concept word: photos that
 * were cut out, and drawings. They are read from where Debian's `tuxpaint-stamps-default` puts them; nothing of them lies
 * here but the names of those that show the thing, each of which was looked at. Nothing shipped is trained on them.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { inBatches } from "../../common/in-batches.ts";
import type { CutOut } from "./cutout.ts";
import { decodeCutOut } from "./decode.ts";

type Files = Readonly<Record<string, readonly string[]>>;

const photos: Files = {
  frog: ["animals/amphibians/frog.png", "animals/amphibians/frog-1.png"],
  apple: [
    "food/fruit/apple_fuji.png",
    "food/fruit/apple_granny_smith.png",
    "food/fruit/apple_green.png",
    "food/fruit/apple_red.png",
    "food/fruit/apple_sierra_beauty.png",
  ],
  banana: ["food/fruit/banana.png"],
  whale: ["animals/mammals/aquatic/whale.png"],
  lion: ["animals/mammals/cats/lion.png", "animals/mammals/cats/lion-2.png"],
  ball: ["sports/soccer.png", "sports/basketball.png"],
  duck: ["animals/birds/duck.png", "animals/birds/drake.png"],
  bus: ["vehicles/masstransit/green_korean_bus.png"],
  penguin: [
    "animals/birds/penguin.png",
    "animals/birds/little-penguin.png",
    "animals/birds/magellanic_penguin.png",
  ],
  parrot: ["animals/birds/adelaide-rosella.png", "animals/birds/rainbow-lorikeet.png"],
  flamingo: ["animals/birds/pink_flamingo.png"],
  owl: ["animals/birds/owl.png"],
  fox: ["animals/mammals/dogs/fox.png"],
  zebra: ["animals/mammals/equines/zebra.png"],
  giraffe: ["animals/mammals/giraffe.png"],
  elephant: ["animals/mammals/elephant.png"],
  pig: ["animals/mammals/pig.png", "animals/mammals/pig_golden.png", "animals/mammals/pig_golden2.png"],
  fish: [
    "animals/fish/bluegroper.png",
    "animals/fish/butterflyfish.png",
    "animals/fish/clownfish.png",
    "animals/fish/coraltrout.png",
    "animals/fish/dolphinfish.png",
    "animals/fish/moonwrasse.png",
    "animals/fish/stripedfish.png",
  ],
  strawberry: ["food/fruit/strawberry.png", "food/fruit/Strawberry2.png"],
  pineapple: ["food/fruit/pineapple.png"],
  carrot: ["food/vegetables/carrot.png"],
  broccoli: ["food/vegetables/broccoli.png"],
  eggplant: ["food/vegetables/eggplant.png"],
  avocado: ["food/fruit/avocado.png"],
  corn: ["food/vegetables/corn.png"],
  mushroom: [
    "food/vegetables/mushroom.png",
    "plants/mushrooms/cep.png",
    "plants/mushrooms/cep-1.png",
    "plants/mushrooms/cep-2.png",
  ],
  cupcake: ["food/dessert/smallcake.svg"],
  tree: ["plants/trees/holm_oak.png", "plants/trees/tree336.png", "plants/trees/birch.png"],
  globe: ["space/planets/3_earth.png"],
  car: ["vehicles/auto/beetle.png", "vehicles/auto/sedan.png", "vehicles/auto/sportscar2.png"],
  airplane: ["vehicles/flight/planes/747.png"],
  guitar: [
    "hobbies/music/string/guitar2.png",
    "hobbies/music/string/guitar_classical.png",
    "hobbies/music/string/guitar_electric.png",
  ],
  drum: ["hobbies/music/percussion/drum_tomtom_floor.png"],
  dog: ["animals/mammals/dogs/dog.png"],
  cow: ["animals/mammals/bovines/cow.png", "animals/mammals/bovines/cow_white.png"],
  peacock: ["animals/birds/peacock.png"],
  chicken: ["animals/birds/hen.png", "animals/birds/chicken_profile.png", "animals/birds/rooster.png"],
  koala: ["animals/marsupials/koala.png"],
  bear: ["animals/mammals/bears/bear.png", "animals/mammals/bears/european-bear.png"],
  squirrel: ["animals/mammals/rodents/squirrel.png"],
  lemon: ["food/fruit/lemon.png"],
  grape: ["food/fruit/grapes.png"],
  cherry: ["food/fruit/Cherry_Stella.png"],
  pepper: [
    "food/vegetables/chilepepper.png",
    "food/vegetables/pepper.png",
    "food/vegetables/yellowpepper.png",
  ],
  kiwi: ["food/fruit/kiwi.png"],
  palm: ["plants/trees/liberia-palm.png"],
  fire: ["naturalforces/fire.png"],
  key: ["household/key.png"],
  trumpet: ["hobbies/music/brass/trumpet.png"],
  trophy: ["sports/trophy_cup.png"],
  sock: ["clothes/t_sock.png"],
  pumpkin: ["food/vegetables/pumpkin_small.png"],
  mailbox: ["town/usps_mailbox.png"],
};

const drawings: Files = {
  cat: ["animals/mammals/cats/kitten.svg", "seasonal/halloween/blackcat.png"],
  apple: ["food/fruit/cartoon/apple.png"],
  banana: ["food/fruit/cartoon/banana.png"],
  pizza: ["food/pizza.png"],
  rocket: ["space/rocket3.svg", "space/rocket5.svg", "space/toyrocket.svg"],
  butterfly: ["animals/insects/cartoon/monarchbutterfly.svg", "animals/insects/cartoon/butterfly.png"],
  umbrella: ["household/umbrella.svg"],
  gift: ["seasonal/christmas/present.svg"],
  duck: ["household/rubberduck.png"],
  bus: ["vehicles/masstransit/cartoon/schoolbus.svg", "vehicles/masstransit/cartoon/double_decker_bus.png"],
  ladybug: ["animals/insects/cartoon/ladybug.png", "animals/insects/cartoon/ladybug-2.png"],
  snail: ["animals/insects/cartoon/snail.png", "animals/insects/cartoon/snail2.png"],
  penguin: ["animals/birds/cartoon/tux.png"],
  zebra: ["animals/mammals/equines/zebra2.svg"],
  strawberry: ["food/fruit/cartoon/strawberry.png"],
  watermelon: ["food/fruit/cartoon/watermelon.svg"],
  pineapple: ["food/fruit/cartoon/pineapple.png"],
  mushroom: ["plants/toadstool.svg"],
  cheese: ["food/cheese.svg"],
  tree: ["seasonal/christmas/tree.png"],
  star: ["seasonal/christmas/star.png"],
  globe: ["household/globe.svg"],
  snowman: ["seasonal/winter/snowman.svg", "seasonal/winter/snowman2.svg"],
  car: ["vehicles/auto/sportscar.svg", "vehicles/auto/sportscar3.svg"],
  tractor: ["vehicles/farming/cartoon/tractor.svg", "vehicles/farming/cartoon/tux_tractor.png"],
  train: ["vehicles/locomotive/white_train.svg", "vehicles/locomotive/cartoon/toy_train.png"],
  airplane: ["vehicles/flight/planes/plane.svg"],
  helicopter: ["vehicles/flight/cartoon/eddieCopter.png"],
  balloon: ["seasonal/balloon.svg"],
  spider: ["animals/insects/cartoon/spider.svg", "animals/insects/cartoon/spider2.svg"],
  bear: ["animals/mammals/bears/cartoon/teddy_bear.png"],
  lemon: ["food/fruit/cartoon/lemon.png"],
  grape: ["food/fruit/cartoon/grapes.png"],
  cherry: ["food/fruit/cartoon/cherries.png", "food/fruit/cartoon/cherries2.svg"],
  peach: ["food/fruit/cartoon/peach.png"],
  cake: ["food/dessert/cartoon/birthday_cake.png", "food/dessert/cartoon/pink_cake.png"],
  clover: ["seasonal/clover.svg", "seasonal/shamrock.svg"],
  motorcycle: ["vehicles/cycle/motorbike.svg"],
  sailboat: ["vehicles/ship/sail_boat1.svg", "vehicles/ship/sail_boat2.svg"],
  camera: [
    "household/electronics/DSLR_Camera.svg",
    "household/electronics/camera.svg",
    "household/electronics/digitalcamera.svg",
  ],
  telephone: ["household/electronics/phone.svg"],
  crown: ["clothes/hats/crown1.svg", "clothes/hats/crown2.svg"],
  boot: ["clothes/hikingboot.svg"],
  dress: ["clothes/black_dress.svg"],
  lock: ["household/padlock_closed.svg", "household/padlock_open.svg"],
  ghost: ["seasonal/halloween/ghost.png"],
  skull: ["seasonal/halloween/skull.png"],
  castle: ["town/houses/cartoon/fairytale_castle.png"],
  house: ["town/houses/cartoon/swisshome.png", "town/houses/cartoon/wooden_cottage.png"],
  pumpkin: ["seasonal/halloween/jackolantern_mean.png"],
  laptop: ["household/electronics/laptop.svg"],
};

/** Sources of cut-outs: the stamps that are photos, and those that are drawn. */
export const stampSets = { "tuxpaint-photos": photos, "tuxpaint-drawings": drawings } as const;

export type StampSet = keyof typeof stampSets;

export function isStampSet(name: string): name is StampSet {
  return Object.hasOwn(stampSets, name);
}

/** Where installs put the stamps. */
const PLACES = ["/usr/share/tuxpaint/stamps", "/usr/local/share/tuxpaint/stamps"];

/** The folder of the stamps: `FOVEA_TUXPAINT_STAMPS`, or where installs put it; throws what to install where there is none. */
function stampFolder(set: StampSet): string {
  const own = process.env.FOVEA_TUXPAINT_STAMPS;
  const folder = own === undefined || own === "" ? PLACES.find((place) => existsSync(place)) : own;
  if (folder !== undefined && existsSync(folder)) return folder;
  throw new UserError(
    `cut-outs: ${set} are the stamps of Tux Paint, which ${folder === undefined ? "are not installed" : `are not in ${folder}`}: ` +
      "apt-get install tuxpaint-stamps-default (Debian, Ubuntu), or name their folder in FOVEA_TUXPAINT_STAMPS",
  );
}

/** Cut-outs of the words that the set has stamps of. Throws a {@link UserError} that names what to install. */
export async function loadStamps(set: StampSet, words?: readonly string[]): Promise<CutOut[]> {
  const folder = stampFolder(set);
  const all = Object.entries<readonly string[]>(stampSets[set])
    .filter(([word]) => words === undefined || words.includes(word))
    .flatMap(([word, files]) => files.map((file) => ({ word, file })));
  return inBatches(all, async ({ word, file }) =>
    decodeCutOut(await stamp(folder, file), word, `${set}/${file}`),
  );
}

async function stamp(folder: string, file: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, file));
  } catch (cause) {
    throw new UserError(`cut-outs: ${folder} lacks ${file}, which the stamps of Tux Paint of 2022 have`, {
      cause,
    });
  }
}
