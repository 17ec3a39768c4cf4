/** Interventions on the OV circuits' final subspaces, from a checkpoint before generalisation on. */
import { Tensor } from "../../lib/gpu/tensor.ts";
import { normals } from "../../lib/random/random.ts";
import { everySteps, type TrainingState } from "../../lib/train/training.ts";
import { ensembleOf } from "./ensemble.ts";
import {
  changedRows,
  type Intervention,
  INTERVENTIONS,
  projectionOf,
  randomSubspace,
  repeated,
} from "./interventions.ts";
import type { Final } from "./progress_study.ts";
import type { Replica } from "./replicas.ts";
import type { Setting } from "./setting.ts";

/** One replica under one intervention at one report. */
export interface BranchRow {
  /** Step that it branched off at. */
  readonly from: number;
  readonly step: number;
  readonly intervention: Intervention;
  readonly replica: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
}

/** What is trained here: without an intervention, a replica goes on as in the main run, bit for bit. */
const BRANCHES = INTERVENTIONS.filter((name) => name !== "none");

const OUTPUT = "blocks.0.attention.output";

/**
 * Trains every main replica on from a checkpoint, once for each intervention but "none", all side by side.
 *
 * The subspace of a head is spanned by the k leading right singular vectors of its final OV circuit, k = ⌈effective
 * rank⌉, as `rankRule` has it. Frozen, the head writes into it alone, from the checkpoint on; redrawn, its part there is replaced once.
 *
 * @param setting Options.
 * @param main The main replicas.
 * @param branch Their state at the checkpoint.
 * @param finals Their final models.
 * @param signal Ends the study early.
 * @param onReport Called after each report.
 * @returns One row per replica, intervention and report.
 */
export async function interventions(
  setting: Setting,
  main: readonly Replica[],
  branch: TrainingState,
  finals: readonly Final[],
  signal: AbortSignal,
  onReport: (step: number) => Promise<void>,
): Promise<BranchRow[]> {
  const { width: C, heads: H, "branch-steps": more } = setting;
  const D = C / H;
  const S = main.length;
  const subspaces = main.map(({ seed }, r) =>
    finals[r].subspaces.map((columns, h) => {
      const k = columns.length / C;
      return {
        final: projectionOf(columns, C),
        random: projectionOf(randomSubspace(seed, h, C, k), C),
        noise: normals({ seed, key: "redrawn output", item: h }, D * C),
      };
    })
  );
  const identity = Float64Array.from({ length: C * C }, (_, index) => Number(index % (C + 1) === 0));
  const projections = new Float32Array(BRANCHES.length * S * H * C * C);
  const tensors = repeated(branch.tensors, BRANCHES.length);
  const output = tensors.find(({ name }) => name === OUTPUT)!.data;
  BRANCHES.forEach((intervention, i) =>
    subspaces.forEach((heads, r) =>
      heads.forEach((subspace, h) => {
        const at = (i * S + r) * H + h;
        const start = at * D * C;
        output.set(changedRows(output.slice(start, start + D * C), { intervention, ...subspace }, C), start);
        const P = intervention === "freeze final"
          ? subspace.final
          : intervention === "freeze random"
          ? subspace.random
          : identity;
        projections.set(P, at * C * C);
      })
    )
  );
  using project = Tensor.from(projections, [BRANCHES.length * S, H, C, C], "projections");
  const replicas = BRANCHES.flatMap(() => main);
  using ensemble = await ensembleOf(setting, replicas, { from: { step: branch.step, tensors }, project });
  const reports = everySteps(Math.max(1, Math.round(more / 40)), more).map((step) => branch.step + step);
  const rows: BranchRow[] = [];
  for await (const { step, evaluations } of ensemble.training.run({ reports, signal })) {
    replicas.forEach((_, index) =>
      rows.push({
        from: branch.step,
        step,
        intervention: BRANCHES[Math.floor(index / S)],
        replica: index % S,
        testLoss: evaluations.test[index],
        testAccuracy: evaluations.test[replicas.length + index],
      })
    );
    await onReport(step - branch.step);
  }
  return rows;
}
