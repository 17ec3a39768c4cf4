/** Whether events fall inside windows more often than chance would have it. */
import { uniforms } from "../../lib/random/random.ts";
import type { Window } from "./windows.ts";

/** Events of one seed, and the window that they are said to fall into. */
export interface Placed {
  /** Where the window is. */
  readonly window: Pick<Window, "start" | "end">;
  /** Steps of the events, such as the dips of all heads. */
  readonly events: readonly number[];
}

/** What a permutation test found. */
export interface Chance {
  /** Share of events inside their windows. */
  readonly share: number;
  /** The same, expected with windows placed at random. */
  readonly expected: number;
  /** Part of the random placements with at least as many events inside, (hits + 1) / (draws + 1). */
  readonly p: number;
}

/**
 * Permutation test: every seed's window keeps its length and is placed uniformly at random within training, together
 * for all events of the seed, as heads of one model are not independent.
 *
 * @param placed Windows and events of each seed; seeds without events count for nothing.
 * @param last Last step of training.
 * @param draws Number of random placements.
 * @returns Shares and p; share 0 and p 1 where there are no events.
 */
export function insideByChance(placed: readonly Placed[], last: number, draws = 9999): Chance {
  const inside = ({ events }: Placed, start: number, end: number) => {
    let count = 0;
    for (const step of events) if (step >= start && step <= end) count++;
    return count;
  };
  const total = placed.reduce((sum, { events }) => sum + events.length, 0);
  if (total === 0) return { share: 0, expected: 0, p: 1 };
  const observed = placed.reduce((sum, one) => sum + inside(one, one.window.start, one.window.end), 0);
  const places = placed.map((_, index) => uniforms({ seed: index, key: "place of a window", step: 0 }, draws));
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
  return { share: observed / total, expected: sum / draws / total, p: (hits + 1) / (draws + 1) };
}
