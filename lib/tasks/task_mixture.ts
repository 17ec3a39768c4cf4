/** Mixtures: every prompt of a batch from one of several tasks, and which one is known. */
import { add, multiply } from "../../kernels/elementwise/binary.ts";
import { categoricalFill } from "../../kernels/random/categorical_fill.ts";
import { oneHot } from "../../kernels/arrange/one_hot.ts";
import { select } from "../../kernels/arrange/gather.ts";
import type { DType, Tensor } from "../gpu/tensor.ts";
import type { TaskSampler } from "./sampler.ts";

/** How a mixture is made. */
export interface TaskMixtureOptions {
  /** Prompts B per replica and step, as all components have them. */
  readonly batch: number;
  /** Share of each component, in their order: one row for all replicas, or a row for each. Equal by default. */
  readonly shares?: readonly number[] | readonly (readonly number[])[];
}

/** Batch of a mixture: the numbers that all components have, each prompt's from its own component. */
export type TaskMixtureBatch<Batch, Name extends string> =
  & { readonly [F in keyof Batch as Batch[F] extends Tensor<"f32"> ? F : never]: Tensor }
  & {
    /** Component of each prompt (R, B), counted from 0 in the order in which they are named. */
    readonly component: Tensor<"u32">;
    /** Of each component 1 for its prompts and 0 for the others (R, B): weights of losses by component. */
    readonly of: Readonly<Record<Name, Tensor>>;
  };

const NAME = "task_mixture";

/**
 * Draws every prompt of a batch from one of several tasks, chosen with given probabilities, and says which.
 *
 * All components draw under the batch's key: those of one sampler with other options have inputs and weights in common, so
 * that replicas of one seed and other shares differ in the component alone. Integers of a batch (`choice`) are left out.
 *
 * @param components Samplers by name; at least two.
 * @param options Prompts, and shares of the components.
 * @returns A sampler; its batch depends on seeds, key and step only.
 * @throws {RangeError} If there are fewer than two components, or shares do not fit them or do not sum to 1.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { record } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { linearRegression } from "./linear_regression.ts";
 * import { taskMixture } from "./task_mixture.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1, 2));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const task = { dimension: 3, context: 5, batch: 8 };
 * const mixed = taskMixture({
 *   regression: linearRegression(task),
 *   classification: linearRegression({ ...task, labels: "sign" }),
 * }, { batch: 8, shares: [[0.5, 0.5], [1, 0]] });
 * using program = await record("prompts", () => mixed({ seeds, clock, key: "train" }));
 * program.replay();
 * assertEquals(program.outputs.y.shape, [2, 8, 5]);
 * assertEquals([...(await program.outputs.of.classification.read()).subarray(8)], Array(8).fill(0));
 * ```
 */
export function taskMixture<Batch extends object, Name extends string>(
  components: Readonly<Record<Name, TaskSampler<Batch>>>,
  { batch: B, shares }: TaskMixtureOptions,
): TaskSampler<TaskMixtureBatch<Batch, Name>> {
  const names = Object.keys(components) as Name[];
  const K = names.length;
  if (K < 2) throw new RangeError(`${NAME}: expected at least two components, found ${K}`);
  return (draw) => {
    const [R] = draw.seeds.shape;
    const component = categoricalFill({ ...draw, key: `${draw.key} component` }, sharesOf(shares, R, K), B);
    const chosen = oneHot(component.reshape([R * B]), K).reshape([R, B, K]);
    const of = names.map((_, k) => select(chosen, 2, k));
    const batches = names.map((name) =>
      Object.entries(components[name](draw) as Readonly<Record<string, Tensor<DType>>>)
    );
    const mixed = batches[0].filter(([, { dtype }]) => dtype === "f32").map(([field, { shape }]) => {
      const parts = batches.map((entries, k) => {
        const part = entries.find(([name]) => name === field)?.[1];
        if (part?.dtype !== "f32" || part.shape.join() !== shape.join() || shape[0] !== R || shape[1] !== B) {
          const found = part === undefined ? "none" : `${part.dtype} (${part.shape.join(", ")})`;
          const expected = `"${field}" of shape (${[R, B, ...shape.slice(2)].join(", ")})`;
          throw new RangeError(`${NAME}: expected ${expected} of component ${names[k]}, found ${found}`);
        }
        return multiply(part as Tensor, of[k].reshape([R, B, ...shape.slice(2).map(() => 1)]));
      });
      return [field, parts.reduce((sum, part) => add(sum, part))] as const;
    });
    const masks = Object.fromEntries(names.map((name, k) => [name, of[k]]));
    return { ...Object.fromEntries(mixed), component, of: masks } as unknown as TaskMixtureBatch<Batch, Name>;
  };
}

/** Shares (R, K). */
function sharesOf(shares: TaskMixtureOptions["shares"], R: number, K: number): readonly (readonly number[])[] {
  const given = shares ?? Array<number>(K).fill(1 / K);
  const isRow = (value: typeof given): value is readonly number[] => typeof value[0] === "number";
  const rows = isRow(given) ? Array<readonly number[]>(R).fill(given) : given;
  if (rows.length !== R) throw new RangeError(`${NAME}: expected shares of ${R} replicas, found ${rows.length}`);
  for (const row of rows) {
    const sum = row.reduce((total, share) => total + share, 0);
    if (row.length === K && row.every((share) => share >= 0) && Math.abs(sum - 1) < 1e-6) continue;
    throw new RangeError(`${NAME}: expected ${K} shares ≥ 0 of sum 1, found ${row.join(", ")}`);
  }
  return rows;
}
