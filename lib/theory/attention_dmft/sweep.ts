/** The map of N → ∞ for thousands of systems side by side, in single precision on the GPU. */
import { spinMap } from "../../../kernels/attention_dmft/spins.ts";
import { record } from "../../gpu/program.ts";
import { Tensor } from "../../gpu/tensor.ts";
import { packSpinWeights, type SpinSystem, STATE } from "../../models/spin_attention.ts";
import { normals } from "../../random/random.ts";

/** Steps of one dispatch: short enough for watchdogs. */
const STRIDE = 1000;

/** Parameters and starts of a sweep. */
export interface SpinSweep {
  /** Systems with the same ε. */
  readonly systems: readonly SpinSystem[];
  /** Start of each system, at phase 0: past A (4, 3), newest first. */
  readonly starts: readonly ArrayLike<number>[];
  /** Steps before exponents are measured; a multiple of 1000. */
  readonly transient: number;
  /** Steps over which they are; a multiple of 1000, ≥ 1000. */
  readonly steps: number;
  /** How many of the last steps are kept, at most 1000. */
  readonly kept: number;
}

/** Results of a sweep. */
export interface SweptOrbits {
  /** Largest Lyapunov exponent of each system. */
  readonly exponents: Float64Array;
  /** First output feature's mean over spins after each of the last steps, of each system. */
  readonly samples: readonly Float32Array[];
  /** A at the end (4, 3), newest first, at phase 0. */
  readonly windows: readonly Float64Array[];
}

/**
 * Runs the map and a tangent vector for every system, in single precision. Chaotic orbits part from those in double precision
 * within a hundred steps; exponents and histograms do not.
 *
 * @param sweep Systems, starts and steps.
 * @param onPart Told of the steps done, after every thousand of them; awaited, so that it may throw.
 * @returns Exponents, samples and ends.
 * @throws {RangeError} If numbers of systems and starts differ, steps are no multiples of 1000, or ε differs.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { PAPER_START, PAPER_WEIGHTS } from "../../models/spin_attention.ts";
 * import { sweepSpinMaps } from "./sweep.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * const system = { weights: PAPER_WEIGHTS, beta: 1, gamma: 220 / Math.sqrt(3), epsilon: 0.02 };
 * const sweep = { systems: [system], starts: [PAPER_START], transient: 1000, steps: 1000, kept: 4 };
 * assertAlmostEquals((await sweepSpinMaps(sweep)).exponents[0], -0.083, 1e-3);
 * ```
 */
export async function sweepSpinMaps(
  { systems, starts, transient, steps, kept }: SpinSweep,
  onPart: (done: number) => Promise<void> | void = () => {},
): Promise<SweptOrbits> {
  const R = systems.length;
  if (starts.length !== R) throw new RangeError(`expected a start of each of ${R} systems, found ${starts.length}`);
  if (transient % STRIDE !== 0 || steps % STRIDE !== 0 || steps < STRIDE || transient < 0) {
    throw new RangeError(`expected multiples of ${STRIDE} steps, found ${transient} and ${steps}`);
  }
  if (!(kept >= 1 && kept <= STRIDE)) throw new RangeError(`expected 1 … ${STRIDE} steps to keep, found ${kept}`);
  const [{ epsilon }] = systems;
  const other = systems.find((system) => system.epsilon !== epsilon);
  if (other !== undefined) throw new RangeError(`expected one ε of all systems, found ${epsilon} and ${other.epsilon}`);

  using weights = Tensor.from(systems.flatMap(({ weights }) => packSpinWeights(weights)), [R, 60], "weights");
  using couplings = Tensor.from(systems.flatMap(({ beta, gamma }) => [beta, gamma]), [R, 2], "couplings");
  using past = Tensor.from(Float32Array.from(starts.flatMap((start) => Array.from(start))), [R, STATE], "window");
  const direction = normals({ seed: 0, key: "spin tangent" }, STATE);
  using tangent = Tensor.from(systems.flatMap(() => [...direction]), [R, STATE], "tangent");
  using program = await record(
    "spin_map",
    () => spinMap({ weights, couplings, window: past, tangent, epsilon }, { S: kept, K: STRIDE }),
  );
  const exponents = new Float64Array(R);
  for (let done = 0; done < transient + steps; done += STRIDE) {
    program.replay();
    if (done >= transient) (await program.outputs.growth.read()).forEach((growth, r) => exponents[r] += growth / steps);
    await onPart(done + STRIDE);
  }
  const [y, ends] = [await program.outputs.y.read(), await past.read()];
  return {
    exponents,
    samples: systems.map((_, r) => y.slice(r * kept, (r + 1) * kept)),
    windows: systems.map((_, r) => Float64Array.from(ends.slice(r * STATE, (r + 1) * STATE))),
  };
}
