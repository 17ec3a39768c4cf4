/** Adam and AdamW. */
import { flatAdam } from "../../kernels/optim/flat_adam.ts";
import { ALLOWED, type CommonOptions, hyperRows, perReplica } from "./hyper.ts";
import { makeOptimizer, type Optimizer, zerosLike } from "./optimizer.ts";
import type { PerReplica } from "./schedule.ts";

/** Hyper-parameters of {@linkcode adamw} and {@linkcode adam}. */
export interface AdamOptions extends CommonOptions {
  /** Memory β₁ of the mean and β₂ of the squares, in [0, 1); 0.9 and 0.999 by default. */
  readonly betas?: readonly [PerReplica, PerReplica];
  /** ε, added to the root of the squares, > 0; 1e-8 by default. */
  readonly eps?: PerReplica;
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019), as PyTorch's `AdamW`: `p ← (1 − ηλ) p`, then
 * `p ← p − η m̂ / (√v̂ + ε)`, where m̂ and v̂ are running means of g and g², corrected for their start at 0.
 *
 * @param options Hyper-parameters; each a number or one per replica. Weight decay is 0.01 by default.
 * @returns The optimiser. Its state: `mean` and `square`.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { adamw } from "./adamw.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using parameters = ParameterSet.create({ w: { shape: [1], init: { law: "constant", value: 1 } } }, [1, 2]);
 * using clock = Tensor.from(Uint32Array.of(0, 1, 1));
 * using gradient = new Tensor(parameters.flat.shape);
 * gradient.write([1e-3, 1e3], 0);
 * const optimizer = adamw({ lr: [0.1, 0.2] });
 * const state = optimizer.init(parameters);
 * optimizer.update({ parameters, gradient, state, clock });
 * // The first step has the length of the learning rate, whatever the gradient.
 * const [first, second] = await parameters.flat.read();
 * assertAlmostEquals(first, 0.9, 1e-4);
 * assertAlmostEquals(second, 0.8, 1e-4);
 * ```
 */
export function adamw(options: AdamOptions): Optimizer {
  return make("adamw", { weightDecay: 0.01, ...options }, 1);
}

/**
 * Adam (Kingma & Ba 2015), as PyTorch's `Adam`: {@linkcode adamw} but for weight decay, which is added to the gradient,
 * `g ← g + λp`, and 0 by default.
 *
 * @param options Hyper-parameters; each a number or one per replica.
 * @returns The optimiser. Its state: `mean` and `square`.
 */
export function adam(options: AdamOptions): Optimizer {
  return make("adam", options, 0);
}

function make(label: string, options: AdamOptions, DECOUPLED: 0 | 1): Optimizer {
  const { betas = [0.9, 0.999], eps = 1e-8 } = options;
  return makeOptimizer({
    label,
    common: options,
    rows: (replicas) => {
      const [first, second] = betas.map((value) =>
        perReplica(label, replicas, { name: "betas", value, allowed: ALLOWED.fraction })
      );
      const floor = perReplica(label, replicas, { name: "eps", value: eps, allowed: ALLOWED.positive });
      // 1 − β and ln β are rounded here: from β in single precision they would lose digits. ln 0 is as good as −1000.
      const gain = (values: readonly number[]) => values.map((beta) => 1 - beta);
      const logarithm = (values: readonly number[]) => values.map((beta) => Math.max(-1000, Math.log(beta)));
      return hyperRows(label, replicas, options, [
        gain(first),
        gain(second),
        logarithm(first),
        logarithm(second),
        floor,
      ]);
    },
    init: (parameters) => ({ mean: zerosLike(parameters, "mean"), square: zerosLike(parameters, "square") }),
    run: (args, constants, { state: { mean, square } }) =>
      flatAdam({ ...args, mean, square }, { ...constants, DECOUPLED }),
  });
}
