/** In-context binary classification by relevant patterns (Li, Wang, Lu, Cui, Chen 2024). */
import { type PatternPrompts, patternPrompts, patternTokens } from "../../kernels/tasks/pattern_prompts.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { checkCounts, type PerReplica, perReplica, type TaskSampler } from "./sampler.ts";

/** A task (a, b): label +1 where an input shows relevant pattern a, −1 where it shows b. */
export type PatternTask = readonly [positive: number, negative: number];

/** Tasks, patterns and sizes. */
export interface PatternTasksOptions {
  /** Tasks that prompts choose from, for all replicas or a list for each. */
  readonly tasks: readonly PatternTask[] | readonly (readonly PatternTask[])[];
  /** Relevant patterns μ (R, M, D), M ≥ 2, and irrelevant ones ν (R, K, D). */
  readonly patterns: { readonly relevant: Tensor; readonly irrelevant: Tensor };
  /** Share α of the examples that show a pattern of the task, in (0, 1]; 1 where there are no others (M = 2). */
  readonly share: PerReplica;
  /** Bound of κ, which is uniform in (−spread, spread); ≥ 0. */
  readonly spread: PerReplica;
  /** Examples N of a prompt. */
  readonly length: number;
  /** Prompts B per replica and step. */
  readonly batch: number;
}

/** A batch of prompts, as sparse vectors and as tokens. The query is the last of T = N + 1 tokens. */
export interface PatternTasksBatch extends PatternPrompts {
  /** Tokens (x; y) (R, B, T, D + 1), y = 0 in the query. */
  readonly tokens: Tensor;
  /** The query alone (R, B, D + 1). */
  readonly query: Tensor;
}

const NAME = "pattern_tasks";

/**
 * `x = μ_j + κ ν_k`, and a task (a, b) that labels x by its relevant pattern: +1 if j = a, −1 if j = b, else a fair coin. Examples have
 * j = a or j = b with probability α/2 each, else j uniform among the others; the query has a or b with probability ½. k is uniform, κ
 * uniform in (−spread, spread), and the task uniform in its list, new for every prompt.
 *
 * Source: Li, Wang, Lu, Cui and Chen 2024 (arXiv 2402.15607), where patterns are orthogonal and of one length.
 *
 * @param options Tasks, patterns and sizes.
 * @returns A sampler; prompt b depends on seed, key, step and b only.
 * @throws {RangeError} If an option is out of its domain; per-replica options are checked by the sampler.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { patternTasks } from "./pattern_tasks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * using relevant = Tensor.from([1, 0, 0, 0, 1, 0], [1, 2, 3]);
 * using irrelevant = Tensor.from([0, 0, 1], [1, 1, 3]);
 * const sizes = { share: 1, spread: 0.5, length: 4, batch: 2 };
 * const sampler = patternTasks({ tasks: [[0, 1]], patterns: { relevant, irrelevant }, ...sizes });
 * const { tokens, query, labels } = sampler({ seeds, clock, key: "train" });
 * assertEquals(tokens.shape, [1, 2, 5, 4]);
 * const [x0, x1, , y] = await tokens.read();
 * assertEquals(x0 - x1, y);
 * const [q0, q1] = await query.read();
 * assertEquals(q0 - q1, (await labels.read())[0]);
 * ```
 */
export function patternTasks(options: PatternTasksOptions): TaskSampler<PatternTasksBatch> {
  const { tasks, patterns: { relevant, irrelevant }, share, spread, length: N, batch: B } = options;
  checkCounts(NAME, { length: N, batch: B });
  const refuse = (expected: string, found: unknown): never => {
    throw new RangeError(`${NAME}: expected ${expected}, found ${found}`);
  };
  const [R, M, D] = relevant.shape;
  const K = irrelevant.shape[1];
  if (relevant.shape.length !== 3 || M < 2) refuse("relevant patterns (R, M ≥ 2, D)", relevant.shape.join(", "));
  if (irrelevant.shape.length !== 3 || irrelevant.shape[0] !== R || irrelevant.shape[2] !== D) {
    refuse(`irrelevant patterns (${R}, K, ${D})`, irrelevant.shape.join(", "));
  }
  const isLists = (all: typeof tasks): all is readonly (readonly PatternTask[])[] => Array.isArray(all[0]?.[0]);
  const lists = isLists(tasks) ? tasks : new Array<readonly PatternTask[]>(R).fill(tasks as readonly PatternTask[]);
  if (lists.length !== R) refuse(`tasks for ${R} replicas`, lists.length);
  for (const list of lists) {
    if (list.length === 0) refuse("at least one task", 0);
    const wrong = list.find(([a, b]) => a === b || [a, b].some((j) => !(Number.isInteger(j) && j >= 0 && j < M)));
    if (wrong !== undefined) refuse(`tasks of two different patterns below ${M}`, wrong.join(", "));
  }
  return (draw) => {
    if (draw.seeds.shape[0] !== R) refuse(`patterns of ${draw.seeds.shape[0]} replicas`, R);
    const shares = perReplica(NAME, "share", share, R);
    const spreads = perReplica(NAME, "spread", spread, R);
    const few = shares.find((value) => !(value > 0 && value <= 1) || (M === 2 && value < 1));
    if (few !== undefined) refuse(M === 2 ? "a share of 1 where M = 2" : "shares above 0, at most 1", few);
    const narrow = spreads.find((value) => value < 0);
    if (narrow !== undefined) refuse("spreads ≥ 0", narrow);
    const P = Math.max(...lists.map((list) => list.length));
    const padded = lists.flatMap((list) => Array.from({ length: P }, (_, p) => list[p] ?? list[0]).flat());
    const prompts = patternPrompts(draw, {
      tasks: own(Tensor.from(Uint32Array.from(padded), [R, P, 2], "tasks")),
      counts: own(Tensor.from(Uint32Array.from(lists.map((list) => list.length)))),
      laws: own(Tensor.from(shares.flatMap((value, r) => [value, spreads[r]]), [R, 2], "laws")),
      patterns: [M, K],
      prompts: [B, N + 1],
    });
    return {
      ...prompts,
      tokens: patternTokens(prompts, relevant, irrelevant, N + 1),
      query: patternTokens(prompts, relevant, irrelevant, 1).reshape([R, B, D + 1]),
    };
  };
}
