/** What the run has measured. */
import type { Claim } from "../../lib/run/mod.ts";
import type { BranchRow } from "./branch_study.ts";
import type { CoefficientRow } from "./coefficient_study.ts";
import type { Point, Snapshot } from "./history.ts";
import type { Measured, Progress } from "./progress_study.ts";
import type { Replica } from "./replicas.ts";
import type { Setting } from "./setting.ts";

/** Everything that the run has measured. */
export interface Evidence {
  readonly setting: Setting;
  /** The ensemble, main replicas first. */
  readonly replicas: readonly Replica[];
  readonly snapshots: readonly Snapshot[];
  readonly progress: Progress;
  readonly branches: readonly BranchRow[];
  readonly coefficients: readonly CoefficientRow[];
}

/** A claim about a run of this experiment. */
export type GrokkingClaim = Claim<Evidence>;

/** Where claims come from. */
export const NANDA = "arXiv 2301.05217";
export const PAPER = "arXiv 2504.12916";

/** One number of a replica at every snapshot. */
export function curveOf({ snapshots }: Evidence, replica: number, field: keyof Point): number[] {
  return snapshots.map(({ points }) => points[replica][field]);
}

/** One measure of a main replica at every snapshot. */
export function measureOf({ progress }: Evidence, replica: number, of: (measured: Measured) => number): number[] {
  return progress.measured.map((replicas) => of(replicas[replica]));
}

/** Replicas of a condition. */
export function indicesOf({ replicas }: Evidence, condition: string): number[] {
  return replicas.flatMap((replica, index) => replica.condition === condition ? [index] : []);
}

/** Index of the report at or after a step. */
export function reportAt({ snapshots }: Evidence, step: number): number {
  const index = snapshots.findIndex((snapshot) => snapshot.step >= step - 1e-6);
  return index < 0 ? snapshots.length - 1 : index;
}
