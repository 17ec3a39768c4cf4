/** Everything that needs the whole run: measures against the final model, learning coefficients, interventions. */
import type { RunContext } from "../../lib/run/mod.ts";
import { type BranchRow, interventions } from "./branch_study.ts";
import { estimateCoefficients } from "./coefficient_study.ts";
import type { columns } from "./columns.ts";
import type { Evidence } from "./evidence.ts";
import type { History } from "./history.ts";
import { measureProgress } from "./progress_study.ts";
import type { Replica } from "./replicas.ts";
import type { options } from "./setting.ts";

/** What training leaves. */
export interface Trained {
  /** The ensemble, main replicas first. */
  readonly replicas: readonly Replica[];
  readonly history: History;
  /** Training pairs of each main replica. */
  readonly pairs: readonly (readonly (readonly [number, number])[])[];
}

/**
 * Studies a finished training.
 *
 * @param context The run.
 * @param trained What training leaves.
 * @returns Everything that was measured; null if the run was told to stop.
 */
export async function lookBack(
  { configuration: setting, progress, signal, note }: RunContext<typeof options, typeof columns, Evidence>,
  { replicas, history: { snapshots, studied, branches }, pairs }: Trained,
): Promise<Evidence | null> {
  const main = replicas.slice(0, pairs.length);
  const update = (done: number) => progress.update(done);

  progress.start(snapshots.length, "measures");
  const found = await measureProgress(setting, snapshots, pairs, update);
  progress.stop();
  found.finals.forEach(({ keys }, r) => note(`seed ${main[r].seed}: key frequencies ${keys.join(", ")}`));

  progress.start(studied.length, "learning coefficient");
  const coefficients = await estimateCoefficients(setting, replicas, studied, signal, update);
  progress.stop();

  const rows: BranchRow[] = [];
  for (const branch of branches) {
    progress.start(setting["branch-steps"], `interventions from step ${branch.step}`);
    rows.push(...await interventions(setting, main, branch, found.finals, signal, update));
    progress.stop();
  }
  return signal.aborted ? null : { setting, replicas, snapshots, progress: found, coefficients, branches: rows };
}
