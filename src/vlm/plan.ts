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
  roomNumbers,
  roundedRoom,
  stretchedRoom,
  unionRoom,
} from "../models/inputs/padding.ts";
import { splitCorners } from "./split.ts";

/** What a row takes: columns with the images' places, and numbers of other things (questions, concepts, ...). */
export interface RowNeeds {
  readonly room: RowRoom;
  readonly counts: Readonly<Record<string, number>>;
}

/** Rooms from small to large. */
export interface Plan {
  readonly rooms: readonly RowNeeds[];
}

export interface PlanOptions {
  /** Rooms at most. */
  readonly limit?: number;
  /**
   * What one of a count takes, in columns: rooms then differ in it. Of the other counts every room has the most that any
   * row needs.
   */
  readonly costs?: Readonly<Record<string, number>>;
}

/** Rooms of a plan: with so many, rows of photos from 300 to 1,300 pixels and their questions are padded by less than a tenth. */
export const PLANNED_ROOMS = 16;

/** Rows for each room at least, in the mean: a program for fewer is not worth its compilation. */
const ROWS_PER_ROOM = 4;

/** Share of padding at which fewer rooms are enough: a program costs more. */
const ENOUGH = 0.04;

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

/** Throws a RangeError without rows. */
export function planRooms(
  rows: readonly RowNeeds[],
  rule: PixelRule,
  { limit = PLANNED_ROOMS, costs = {} }: PlanOptions = {},
): Plan {
  if (rows.length === 0) throw new RangeError("plan: needs rows");
  const { counts } = unionNeeds(rows);
  const names = Object.keys(costs);
  const { lists, columns, room } = roomNumbers(rows.map((row) => row.room));
  const points = lists.map((list, i) => [...list, ...names.map((name) => rows[i].counts[name] ?? 0)]);
  const rooms = splitCorners(points, {
    costs: [...columns, ...Object.values(costs)],
    limit: Math.min(limit, Math.ceil(rows.length / ROWS_PER_ROOM)),
    enough: ENOUGH,
  }).map((corner) => ({
    room: roundedRoom(room(corner.slice(0, columns.length)), rule),
    counts: { ...counts, ...Object.fromEntries(names.map((name, i) => [name, corner[columns.length + i]])) },
  }));
  return { rooms: rooms.sort((a, b) => a.room.length - b.room.length) };
}

/** Index of the smallest planned room for one row; the number of rooms where none holds it. */
export function roomIndex({ rooms }: Plan, needs: RowNeeds): number {
  const index = rooms.findIndex((room) => fitsNeeds(needs, room));
  return index < 0 ? rooms.length : index;
}

/**
 * The smallest planned room that holds these rows together; where none does, one that holds all planned rooms; one of
 * their own where they need more than that.
 */
export function roomFor(plan: Plan, rows: readonly RowNeeds[], rule: PixelRule): RowNeeds {
  const together = unionNeeds(rows);
  const planned = plan.rooms[roomIndex(plan, together)];
  if (planned !== undefined) return planned;
  const largest = unionNeeds(plan.rooms);
  if (fitsNeeds(together, largest)) return { ...largest, room: roundedRoom(largest.room, rule) };
  const { counts } = unionNeeds([together, largest]);
  return { counts, room: stretchedRoom(together.room, rule) };
}

/** Share of all columns that is padding, from 0 to 1. */
export function paddingOf(plan: Plan, rows: readonly RowNeeds[], rule: PixelRule): number {
  const columns = rows.reduce((sum, needs) => sum + roomFor(plan, [needs], rule).room.length, 0);
  const own = rows.reduce((sum, { room }) => sum + room.length, 0);
  return columns === 0 ? 0 : 1 - own / columns;
}
