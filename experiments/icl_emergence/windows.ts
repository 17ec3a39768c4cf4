/** When in-context learning appears, found from the score alone. */
import { changePoints, type Curve, type SegmentedFall, segmentedFall } from "../../lib/metrics/mod.ts";
import type { Setting } from "./setting.ts";

/** Where a score falls from one regime to another. */
export type Window = SegmentedFall;

/**
 * Share of the score's variance that a fit must explain. That of a text is smaller: its score falls by a tenth of a nat, no
 * more than a few times what single steps of training move it by.
 */
export const leastExplained = (task: Setting["task"]) => task === "text" ? 0.75 : 0.9;

/**
 * The ICL window: the fast fall between the change points of the score, by segmented regression.
 *
 * @param score Score at reports, at least six.
 * @param level Score that counts as learned: the fit must end the fast fall at or below it.
 * @param explained Share of the variance that the fit must explain.
 * @returns The window; null where no such fit explains that share and ends below the level.
 */
export function findWindow(score: Curve, level: number, explained: number): Window | null {
  const fall = segmentedFall(score);
  return fall && fall.explained >= explained && fall.after <= level ? fall : null;
}

/** When a curve has made half of its way: its drop or its rise; null where it has none. */
export function halfWay(curve: Curve): number | null {
  const { drop, rise } = changePoints(curve);
  return drop ?? rise;
}
