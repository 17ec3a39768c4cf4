/** The ensemble: main replicas and controls. */
import type { Setting } from "./setting.ts";

/** One replica of the ensemble. */
export interface Replica {
  /** `main`, or the control that it belongs to. */
  readonly condition: string;
  readonly seed: number;
  readonly fraction: number;
  readonly weightDecay: number;
  readonly labels: "true" | "permuted";
}

/**
 * The ensemble: main replicas first, then the controls, each of which differs from them in one respect.
 *
 * @param setting Options.
 * @param seed First seed; a control's replicas have the seeds of the first main ones.
 * @returns Replicas in order.
 */
export function replicasOf(setting: Setting, seed: number): Replica[] {
  const main = { fraction: setting.fraction, weightDecay: setting["weight-decay"], labels: "true" } as const;
  const conditions: [number, Omit<Replica, "seed">][] = [
    [setting.replicas, { condition: "main", ...main }],
    ...[
      ...setting.decays.map((weightDecay) => ({ ...main, condition: `weight decay ${weightDecay}`, weightDecay })),
      ...setting.fractions.map((fraction) => ({ ...main, condition: `fraction ${fraction}`, fraction })),
      { ...main, condition: "random labels", labels: "permuted" as const },
    ].map((condition): [number, Omit<Replica, "seed">] => [setting["control-replicas"], condition]),
  ];
  return conditions.flatMap(([count, condition]) =>
    Array.from({ length: count }, (_, index) => ({ ...condition, seed: (seed + index) >>> 0 }))
  );
}
