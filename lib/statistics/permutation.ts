/** Permutation tests: whether what is seen is more than chance. */
import { uniforms } from "../random/random.ts";

/** Events of one seed, and the window that they are said to fall into. */
export interface PlacedEvents {
  /** First and last step of the window. */
  readonly window: { readonly start: number; readonly end: number };
  /** Steps of the events, such as the dips of all heads. */
  readonly events: readonly number[];
}

/** Result of a permutation test. */
export interface Chance {
  /** Share of events inside their windows. */
  readonly share: number;
  /** The same, expected with windows placed at random. */
  readonly expected: number;
  /** Part of the random placements with at least as many events inside, (hits + 1) / (draws + 1). */
  readonly p: number;
  /** Share of the events of each seed that has any. */
  readonly perSeed: readonly number[];
}

/** How windows are placed at random. */
export interface PlacementOptions {
  /** Last step of training: windows lie within 0 … last. */
  readonly last: number;
  /** Number of random placements; 9999 by default. */
  readonly draws?: number;
  /** Name of the random draws; `place of a window` by default. */
  readonly key?: string;
}

/**
 * Tests whether events fall inside windows more often than chance would have it (Phipson & Smyth 2010, for p).
 *
 * Every seed's window keeps its length and is placed uniformly at random within training, together for all events of the
 * seed, as heads of one model are not independent.
 *
 * @param placed Windows and events of each seed; seeds without events count for nothing.
 * @param options Last step, and number of placements.
 * @returns Shares and p; share 0 and p 1 where there are no events.
 *
 * @example
 * ```ts
 * import { eventsInWindows } from "./permutation.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // A window of 100 placed in 0 … 1000 starts in 0 … 900: it holds step 450 with probability 1/9.
 * const placed = [{ window: { start: 400, end: 500 }, events: [450] }];
 * assertAlmostEquals(eventsInWindows(placed, { last: 1000 }).p, 1 / 9, 0.01);
 * ```
 */
export function eventsInWindows(
  placed: readonly PlacedEvents[],
  { last, draws = 9999, key = "place of a window" }: PlacementOptions,
): Chance {
  const inside = ({ events }: PlacedEvents, start: number, end: number) => {
    let count = 0;
    for (const step of events) if (step >= start && step <= end) count++;
    return count;
  };
  const total = placed.reduce((sum, { events }) => sum + events.length, 0);
  if (total === 0) return { share: 0, expected: 0, p: 1, perSeed: [] };
  const observed = placed.reduce((sum, one) => sum + inside(one, one.window.start, one.window.end), 0);
  const places = placed.map((_, index) => uniforms({ seed: index, key, step: 0 }, draws));
  let [hits, sum] = [0, 0];
  for (let draw = 0; draw < draws; draw++) {
    const count = placed.reduce((count, one, index) => {
      const length = one.window.end - one.window.start;
      const start = places[index][draw] * (last - length);
      return count + inside(one, start, start + length);
    }, 0);
    sum += count;
    if (count >= observed) hits++;
  }
  const perSeed = placed.filter(({ events }) => events.length > 0)
    .map((one) => inside(one, one.window.start, one.window.end) / one.events.length);
  return { share: observed / total, expected: sum / draws / total, p: (hits + 1) / (draws + 1), perSeed };
}
