/**
 * Which rooms a set of rows needs: rows of all lengths go into few shapes, since a program is compiled for each.
 *
 *     planRooms(rows, rule)        -> Plan: at most PLANNED_ROOMS rooms with as little padding as that allows
 *     roomFor(plan, rows, rule)    -> the smallest planned room that holds these rows, or one of their own
 *     paddingOf(plan, rows, rule)  -> share of all columns that is padding when every row takes its smallest room
 */
import {
  fitsRoom,
  type PixelRule,
  type RowRoom,
  roomKey,
  roundedRoom,
  stretchedRoom,
  unionRoom,
} from "../models/rooms.ts";

/** What a row takes: columns with the images' places, and numbers of other things (questions, concepts, ...). */
export interface RowNeeds {
  readonly room: RowRoom;
  readonly counts: Readonly<Record<string, number>>;
}

/** Rooms from small to large; all of them have the same counts. */
export interface Plan {
  readonly rooms: readonly RowNeeds[];
}

/** Rooms of a plan: with so many, rows of photos from 300 to 1,300 pixels and their questions are padded by less than a tenth. */
export const PLANNED_ROOMS = 16;

/** The smallest needs that hold each of these. */
export function unionNeeds(all: readonly RowNeeds[]): RowNeeds {
  const names = new Set(all.flatMap(({ counts }) => Object.keys(counts)));
  const most = (name: string) => all.reduce((largest, { counts }) => Math.max(largest, counts[name] ?? 0), 0);
  return {
    room: unionRoom(all.map(({ room }) => room)),
    counts: Object.fromEntries([...names].map((name) => [name, most(name)])),
  };
}

export function fitsNeeds(inner: RowNeeds, outer: RowNeeds): boolean {
  const counted = Object.entries(inner.counts).every(([name, count]) => count <= (outer.counts[name] ?? 0));
  return counted && fitsRoom(inner.room, outer.room);
}

/** Rows that share a room so far. */
interface Group {
  readonly room: RowRoom;
  readonly rows: number;
}

/** `limit`: rooms at most. Throws a RangeError without rows. */
export function planRooms(rows: readonly RowNeeds[], rule: PixelRule, limit = PLANNED_ROOMS): Plan {
  if (rows.length === 0) throw new RangeError("plan: needs rows");
  const { counts } = unionNeeds(rows);
  const groups = merged(neighbours(rows, rule), limit);
  const rooms = groups.map(({ room }) => ({ room: roundedRoom(room, rule), counts }));
  const unique = new Map(rooms.map((needs) => [roomKey(needs.room), needs]));
  return { rooms: [...unique.values()].sort((a, b) => a.room.length - b.room.length) };
}

/** Rows of about the same size in one group, so that few are to be compared. */
function neighbours(rows: readonly RowNeeds[], rule: PixelRule): Group[] {
  const groups = new Map<string, RowRoom[]>();
  for (const { room } of rows) {
    const key = roomKey(stretchedRoom(room, rule, { gaps: true }));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [room]);
    else group.push(room);
  }
  return [...groups.values()].map((rooms) => ({ room: unionRoom(rooms), rows: rooms.length }));
}

/** Share of padding up to which rooms are joined though there are few enough: a program costs more. */
const CHEAP = 0.05;

/** Joins the two groups whose joining adds the fewest columns, until there are few enough and the next would cost. */
function merged(groups: readonly Group[], limit: number): Group[] {
  const left = [...groups];
  const total = groups.reduce((sum, { room, rows }) => sum + room.length * rows, 0);
  let added = 0;
  const costs = new Map<Group, Map<Group, number>>();
  const costOf = (a: Group, b: Group) => {
    const own = costs.get(a) ?? new Map<Group, number>();
    costs.set(a, own);
    const known = own.get(b) ?? addedColumns(a, b);
    own.set(b, known);
    return known;
  };
  while (left.length > 1) {
    let best = { i: 0, j: 1, cost: Number.POSITIVE_INFINITY };
    for (let j = 1; j < left.length; j++)
      for (let i = 0; i < j; i++) {
        const cost = costOf(left[i], left[j]);
        if (cost < best.cost) best = { i, j, cost };
      }
    added += best.cost;
    if (left.length <= limit && added > CHEAP * total) return left;
    const [b] = left.splice(best.j, 1);
    const [a] = left.splice(best.i, 1);
    costs.delete(a);
    costs.delete(b);
    left.push({ room: unionRoom([a.room, b.room]), rows: a.rows + b.rows });
  }
  return left;
}

function addedColumns(a: Group, b: Group): number {
  const { length } = unionRoom([a.room, b.room]);
  return (length - a.room.length) * a.rows + (length - b.room.length) * b.rows;
}

/** Index of the smallest planned room for one row; the number of rooms where none holds it. */
export function roomIndex({ rooms }: Plan, needs: RowNeeds): number {
  const index = rooms.findIndex((room) => fitsNeeds(needs, room));
  return index < 0 ? rooms.length : index;
}

/** The smallest planned room that holds these rows together; one of their own where none does. */
export function roomFor(plan: Plan, rows: readonly RowNeeds[], rule: PixelRule): RowNeeds {
  const together = unionNeeds(rows);
  const planned = plan.rooms[roomIndex(plan, together)];
  if (planned !== undefined) return planned;
  const { counts } = unionNeeds([together, ...plan.rooms.map((room) => ({ ...room, room: together.room }))]);
  return { counts, room: stretchedRoom(together.room, rule) };
}

/** Share of all columns that is padding, from 0 to 1. */
export function paddingOf(plan: Plan, rows: readonly RowNeeds[], rule: PixelRule): number {
  const columns = rows.reduce((sum, needs) => sum + roomFor(plan, [needs], rule).room.length, 0);
  const own = rows.reduce((sum, { room }) => sum + room.length, 0);
  return columns === 0 ? 0 : 1 - own / columns;
}
