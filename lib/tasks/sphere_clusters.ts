/** Clusters on the unit sphere: latent vectors around the centres of classes or of single instances' classes. */
import { integersAt } from "../../kernels/random/integers_at.ts";
import { lawAt } from "../../kernels/random/law_at.ts";
import { noiseNumber, projectNoise } from "../../kernels/tasks/projected_noise.ts";
import { unitRows, vonMisesFisher } from "../../kernels/tasks/von_mises_fisher.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { checkCounts, type PerReplica, perReplica, positives, rowPerReplica, type TaskSampler } from "./sampler.ts";
import { choosePrompts, listPlaces, type TaskList } from "./task_list.ts";

/**
 * Law of the samples about a centre v: von Mises–Fisher, of density ∝ exp(κ v·z); or noise projected on the sphere,
 * `z = (v + s ξ) / |v + s ξ|` with components of ξ that are N(0, 1) or have density ½ e^−|ξ|.
 */
export type SphereLaw = "von Mises–Fisher" | "normal" | "laplace";

/** A task of clusters. */
export interface SphereClustersOptions {
  /** Dimension D ≥ 2 of the vectors. */
  readonly dimension: number;
  /** Classes K, each with a centre. */
  readonly classes: number;
  /** Instances N ≥ K to choose from, of which number i belongs to class i mod K; as many as classes by default. */
  readonly instances?: number;
  /** Samples B per replica and step. */
  readonly batch: number;
  /** Law of the samples, of all replicas or of each; von Mises–Fisher by default. */
  readonly law?: SphereLaw | readonly SphereLaw[];
  /** Concentration κ ≥ 0 about the centres; without effect under other laws than von Mises–Fisher. */
  readonly concentration: PerReplica;
  /** Factor s > 0 of projected noise, 1 by default; without effect under von Mises–Fisher. */
  readonly spread?: PerReplica;
  /** Seeds and name of the centres. By default the seeds of the replicas. */
  readonly list?: Pick<TaskList, "seeds" | "name">;
}

/** A batch of samples. */
export interface SphereClustersBatch {
  /** Unit vectors (R, B, D). */
  readonly z: Tensor;
  /** Instance of each sample (R, B), uniform below N; its class is the instance modulo K. */
  readonly instance: Tensor<"u32">;
  /** Centres (R, K, D), uniform on the unit sphere. */
  readonly centres: Tensor;
}

const NAME = "sphere_clusters";

/**
 * `z ~ vMF(v_c, κ)`: density ∝ exp(κ v_c·z) on the unit sphere, with centres v_c uniform on it and fixed; or projected
 * noise about them, see {@linkcode SphereLaw}.
 *
 * @param options The task.
 * @returns A sampler; sample b depends on seed, key, step and b only.
 * @throws {RangeError} If an option is out of its domain; per-replica options are checked by the sampler.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { sphereClusters } from "./sphere_clusters.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const sampler = sphereClusters({ dimension: 5, classes: 100, batch: 64, concentration: 10 });
 * const z = await sampler({ seeds, clock, key: "train" }).z.read();
 * assertAlmostEquals(Math.hypot(...z.slice(0, 5)), 1, 1e-6);
 * ```
 */
export function sphereClusters(options: SphereClustersOptions): TaskSampler<SphereClustersBatch> {
  const { dimension: D, classes: K, instances: N = K, batch: B, concentration, list = {} } = options;
  const { law = "von Mises–Fisher", spread = 1 } = options;
  checkCounts(NAME, { dimension: D, classes: K, instances: N, batch: B });
  if (D < 2) throw new RangeError(`${NAME}: expected at least 2 dimensions, found ${D}`);
  if (N < K) throw new RangeError(`${NAME}: expected at least ${K} instances, one for every class, found ${N}`);
  return (draw) => {
    const [R] = draw.seeds.shape;
    const kappa = perReplica(NAME, "concentration", concentration, R);
    const wrong = kappa.find((value) => value < 0);
    if (wrong !== undefined) throw new RangeError(`${NAME}: expected concentrations ≥ 0, found ${wrong}`);
    const laws = typeof law === "string" ? Array<SphereLaw>(R).fill(law) : law;
    if (laws.length !== R) throw new RangeError(`${NAME}: expected ${R} laws, found ${laws.length}`);
    const spreads = positives(NAME, "spread", spread, R);
    const { place, keys } = listPlaces(NAME, draw, { ...list, tasks: K });
    const centres = lawAt(place, rowPerReplica(NAME, "ones", 1, [R, D]), "normal", keys("centres"), 1);
    unitRows({ y: centres.reshape([R * K, D]) });
    const { sequence } = choosePrompts(NAME, draw, list, B);
    const choice = integersAt(sequence, keys("instance"), N, 1);
    const centre = centres.reshape([R, K, D]);
    const vectors = { ...draw, key: `${draw.key} vectors` };
    const z = vonMisesFisher(vectors, { kappa: own(Tensor.from(kappa)), centre, choice });
    if (laws.some((each) => each !== "von Mises–Fisher")) {
      const numbers = laws.map((each) => noiseNumber(each === "von Mises–Fisher" ? null : each));
      const noisy = { law: own(Tensor.from(Uint32Array.from(numbers))), spread: own(Tensor.from(spreads)) };
      projectNoise({ ...draw, key: `${draw.key} noise` }, { ...noisy, centre, choice }, z);
    }
    return { z, instance: choice.reshape([R, B]), centres: centre };
  };
}
