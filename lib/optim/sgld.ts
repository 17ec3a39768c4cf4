/** Stochastic gradient Langevin dynamics: samples of a posterior around trained parameters. */
import { copy } from "../../kernels/shared/copy.ts";
import { flatSgld } from "../../kernels/optim/flat_sgld.ts";
import { Tensor } from "../gpu/tensor.ts";
import { currentTrace, own } from "../gpu/trace.ts";
import { drawKey } from "../random/random.ts";
import { ALLOWED, type CommonOptions, hyperRows, perReplica } from "./hyper.ts";
import { makeOptimizer, type Optimizer, zerosLike } from "./optimizer.ts";
import type { PerReplica } from "./schedule.ts";

/** Hyper-parameters of {@linkcode sgld}. */
export interface SgldOptions extends CommonOptions {
  /** Factor nβ of the mean loss's gradient: number of examples n times inverse temperature β, ≥ 0; 1 by default. */
  readonly nBeta?: PerReplica;
  /** Strength γ of the pull towards the start w*, ≥ 0; 0 by default. */
  readonly localisation?: PerReplica;
  /** Factor T of the noise's variance, ≥ 0; 1 by default, 0 for none. */
  readonly temperature?: PerReplica;
  /** Name of the random draws; another one gives another chain. */
  readonly key?: string;
}

/**
 * Stochastic gradient Langevin dynamics (Welling & Teh 2011), localised at the parameters w* that `init` finds:
 * `w ← w − (η/2)(nβ ∇L + γ(w − w*) + λw) + √(ηT) ξ`, ξ ~ N(0, 1).
 *
 * For small η the chain samples the density ∝ exp(−nβ L(w) − γ‖w − w*‖²/2 − λ‖w‖²/2), with `L` the mean loss. The local
 * learning coefficient is estimated as nβ (E L(w) − L(w*)) (Lau et al. 2023), with β = 1/ln n.
 *
 * @param options Hyper-parameters; each a number or one per replica. `lr` is η; `clip` applies to ∇L.
 * @returns The optimiser. Its state: `centre`, w*.
 */
export function sgld(options: SgldOptions): Optimizer {
  const { nBeta = 1, localisation = 0, temperature = 1, key = "sgld" } = options;
  const KEY = drawKey(key);
  return makeOptimizer({
    label: "sgld",
    common: options,
    rows: (replicas) =>
      hyperRows(
        "sgld",
        replicas,
        options,
        Object.entries({ nBeta, localisation, temperature }).map(([name, value]) =>
          perReplica("sgld", replicas, { name, value, allowed: ALLOWED.nonNegative })
        ),
      ),
    init: (parameters) => {
      const centre = zerosLike(parameters, "centre");
      copy({ x: parameters.flat, y: centre });
      return { centre };
    },
    run: (args, constants, { parameters, state }) => {
      const seeds = own(Tensor.from(Uint32Array.from(parameters.seeds), [parameters.replicas], "seeds"));
      flatSgld({ ...args, seeds, centre: state.centre }, { ...constants, KEY });
      if (!currentTrace()) seeds.destroy();
    },
  });
}
