/**
 * Prompts of noiseless linear regression, reduced to what a linear-attention model sees of them.
 *
 * A prompt is N pairs (x_i, y_i = W x_i) and a query x_q, all x ~ N(0, S). The model sees the context only through
 * `Σ̂ = (1/N) Σ_i x_i x_iᵀ`, so a prompt is the triple (Σ̂, W, x_q).
 */
import { chiSquareFill, normalFill } from "../../kernels/random/random_fill.ts";
import { sampleCovariance, wishartCovariance } from "../../kernels/tasks/sample_covariance.ts";
import { taskMatrix } from "../../kernels/tasks/task_matrix.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { drawKey, normals } from "../random/random.ts";

/** How a context covariance is drawn: token by token (the definition), or from its Wishart law. */
export type Sampler = "tokens" | "statistics";

/** Law of the tasks: diagonal in the eigenbasis of the input covariance with N(0, 1) entries, or all entries N(0, 1). */
export type TaskFamily = "commuting" | "dense";

/** Law that prompts are drawn from. */
export interface PromptSource {
  /** One seed per replica (R). */
  readonly seeds: Tensor<"u32">;
  /** Clock (3); its step enters every draw. */
  readonly clock: Tensor<"u32">;
  /** Number of tokens N (R). */
  readonly context: Tensor;
  /** Standard deviations of the inputs (R, D). */
  readonly deviation: Tensor;
  /** Entries of pooled tasks (R, P, D or D²). */
  readonly pools: Tensor;
}

/** Sizes and laws of the prompts. */
export interface PromptLaw {
  /** Prompts per replica. */
  readonly B: number;
  /** Law of the tasks. */
  readonly tasks: TaskFamily;
  /** Tasks of a fixed pool, or a fresh task for every prompt. */
  readonly pool: number | "fresh";
  /** How the context covariance is drawn. */
  readonly sampler: Sampler;
  /** Largest N of any replica. */
  readonly longest: number;
  /** Each N of the replicas, for the degrees of freedom of the Wishart law. */
  readonly contexts: readonly number[];
}

/**
 * Draws one batch of prompts; call it while recording a program.
 *
 * @param source Seeds, clock and parameters of the laws.
 * @param law Sizes and laws.
 * @returns `covariance` (R, B, D, D), `task` (R, B, D, D) and `query` (R, B, D), the latter N(0, 1) before scaling.
 */
export function regressionPrompts(
  source: PromptSource,
  law: PromptLaw,
): Record<"covariance" | "task" | "query", Tensor> {
  const { seeds, clock, context, deviation, pools } = source;
  const { B, tasks, pool, sampler } = law;
  const [R, D] = deviation.shape;
  // A vector starts at a fresh block of four numbers, as in the fused kernel.
  const STRIDE = 4 * Math.ceil(D / 4);
  const draw = (key: string) => ({ seeds, clock, key });
  let covariance: Tensor;
  if (sampler === "tokens") {
    const x = normalFill(draw("tokens"), { I: B, C: law.longest * STRIDE });
    covariance = sampleCovariance({ x, context, deviation }, { STRIDE }).covariance;
  } else {
    const z = normalFill(draw("wishart"), { I: B, C: Math.max(1, D * (D - 1) / 2) });
    const freedom = law.contexts.flatMap((n) => Array.from({ length: D }, (_, j) => Math.max(0, n - j)));
    const dof = own(Tensor.from(freedom, [R, D], "degrees of freedom"));
    const chi = chiSquareFill(draw("chi"), dof, B);
    covariance = wishartCovariance({ z, chi, context, deviation }).covariance;
  }
  const ROW = tasks === "dense" ? taskRow(D) : 1;
  const fresh = normalFill(draw("task"), { I: B, C: D * ROW });
  const { task } = taskMatrix({ seeds, clock, fresh, pools, key: drawKey("pool choice") }, {
    D,
    STRIDE: ROW,
    DENSE: tasks === "dense" ? 1 : 0,
    POOLED: pool === "fresh" ? 0 : 1,
  });
  return { covariance, task, query: normalFill(draw("query"), { I: B, C: D }) };
}

/**
 * Numbers that a row of a fresh dense task takes: up to 8 dimensions as many as it has entries; beyond, whole blocks of four,
 * so that lanes that share a row draw it block by block.
 *
 * @param dimension D.
 * @returns D, or D rounded up to a multiple of 4.
 */
export function taskRow(dimension: number): number {
  return dimension <= 8 ? dimension : 4 * Math.ceil(dimension / 4);
}

/**
 * Entries of the P tasks of a replica's pool, N(0, 1) each.
 *
 * @param seed Seed of the replica.
 * @param pool Number of tasks P; `"fresh"` gives one unused task.
 * @param entries Entries of a task: D for commuting tasks, D² for dense ones.
 * @returns Entries (P, entries).
 */
export function poolEntries(seed: number, pool: number | "fresh", entries: number): Float64Array {
  return normals({ seed, key: "pool" }, (pool === "fresh" ? 1 : pool) * entries);
}
