/** Stochastic gradient descent. */
import { flatMomentum, flatSgd } from "../../kernels/optim/flat_sgd.ts";
import { ALLOWED, type CommonOptions, hyperRows, perReplica } from "./hyper.ts";
import { makeOptimizer, type Optimizer, type OptimizerState, zerosLike } from "./optimizer.ts";
import type { PerReplica } from "./schedule.ts";

/** Hyper-parameters of {@linkcode sgd}. */
export interface SgdOptions extends CommonOptions {
  /** Factor μ of the running sum of gradients, in [0, 1); none by default. */
  readonly momentum?: PerReplica;
  /** Whether to look ahead by Nesterov's rule; false by default. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent, as PyTorch's `SGD`: `b ← μb + g + λp`, then `p ← p − ηb`; with `nesterov`
 * `p ← p − η(g + λp + μb)`. Without momentum there is no state.
 *
 * @param options Hyper-parameters; each a number or one per replica.
 * @returns The optimiser.
 * @throws {RangeError} If `nesterov` is asked for without momentum.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { sgd } from "./sgd.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using parameters = ParameterSet.create({ w: { shape: [2], init: { law: "constant", value: 1 } } }, [1, 2]);
 * using clock = Tensor.from(Uint32Array.of(0, 1, 1));
 * using gradient = new Tensor(parameters.flat.shape);
 * gradient.write([1, 2, 1, 2], 0);
 * const optimizer = sgd({ lr: [0.5, 0.25] });
 * optimizer.update({ parameters, gradient, state: optimizer.init(parameters), clock });
 * assertEquals([...(await parameters.flat.read()).slice(0, 4)], [0.5, 0, 0.75, 0.5]);
 * ```
 */
export function sgd(options: SgdOptions): Optimizer {
  const { momentum = 0, nesterov = false } = options;
  const plain = momentum === 0;
  if (plain && nesterov) throw new RangeError('sgd: expected "momentum" > 0 with nesterov, found 0');
  return makeOptimizer({
    label: "sgd",
    common: options,
    rows: (replicas) => {
      const factor = perReplica("sgd", replicas, { name: "momentum", value: momentum, allowed: ALLOWED.fraction });
      return hyperRows("sgd", replicas, options, [factor]);
    },
    init: (parameters): OptimizerState => plain ? {} : { momentum: zerosLike(parameters, "momentum") },
    run: (args, constants, { state }) => {
      if (plain) flatSgd({ ...args }, constants);
      else flatMomentum({ ...args, momentum: state.momentum }, { ...constants, NESTEROV: nesterov ? 1 : 0 });
    },
  });
}
