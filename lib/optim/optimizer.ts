/** Optimisers as pairs of functions, without any state of their own. */
import { flatQuads } from "../../kernels/optim/flat_update.ts";
import { globalNorm } from "../../kernels/optim/global_norm.ts";
import { ShapeError } from "../gpu/errors.ts";
import { Tensor } from "../gpu/tensor.ts";
import { currentTrace, own } from "../gpu/trace.ts";
import type { ParameterSet } from "../models/parameters.ts";
import { type CommonOptions, hyperTensor } from "./hyper.ts";
import { constantSchedule, SCHEDULE_CODES } from "./schedule.ts";

/** Parameters in one flat buffer, as {@linkcode ParameterSet} keeps them. */
export type FlatParameters = Pick<ParameterSet, "flat" | "chunks" | "seeds" | "replicas" | "blocks">;

/** Flat tensors (P) by name, laid out as the parameters; empty for plain gradient descent. */
export type OptimizerState = Readonly<Record<string, Tensor>>;

/** One update. */
export interface OptimizerStep {
  /** Parameters, updated in place. */
  readonly parameters: FlatParameters;
  /** Gradient (P), laid out as the parameters. */
  readonly gradient: Tensor;
  /** State that `init` made, updated in place. */
  readonly state: OptimizerState;
  /** Clock (3): its step counts the updates done before this one. */
  readonly clock: Tensor<"u32">;
}

/** Rule by which gradients change parameters. */
export interface Optimizer {
  /**
   * Makes the state of an ensemble that has not been updated yet.
   *
   * @param parameters Parameters, initialised.
   * @returns Tensors that the caller owns.
   * @throws {RangeError} If a hyper-parameter is not allowed, or not one per replica.
   */
  init(parameters: FlatParameters): OptimizerState;
  /**
   * Updates parameters and state in one dispatch, three with clipping; recorded if a program is being recorded.
   *
   * @param step Parameters, gradient, state and clock.
   * @returns Norm of each replica's gradient before clipping (R), or null without clipping.
   * @throws {ShapeError} If the gradient is not laid out as the parameters.
   */
  update(step: OptimizerStep): Tensor | null;
}

/** Arguments that every optimiser's kernel takes. */
export interface FlatArguments {
  readonly chunks: Tensor<"u32">;
  readonly hyper: Tensor;
  readonly norm: Tensor;
  readonly clock: Tensor<"u32">;
  readonly gradients: Tensor;
  readonly parameters: Tensor;
}

/** Constants that every optimiser's kernel takes. */
export interface FlatConstants {
  readonly SCHEDULE: number;
  readonly QUADS: number;
  readonly [name: string]: number;
}

/** Parts by which optimisers differ: state, hyper-parameters and kernel. */
export interface OptimizerParts {
  /** Stands in error messages. */
  readonly label: string;
  /** Hyper-parameters of every optimiser. */
  readonly common: CommonOptions;
  /** Table of hyper-parameters (R, 16). */
  readonly rows: (replicas: number) => Float32Array;
  /** Makes the state. */
  readonly init: (parameters: FlatParameters) => OptimizerState;
  /** Runs the kernel. */
  readonly run: (args: FlatArguments, constants: FlatConstants, step: OptimizerStep) => void;
}

/**
 * Makes an optimiser of a kernel and its hyper-parameters.
 *
 * @param parts Label, hyper-parameters, state and kernel.
 * @returns The optimiser.
 */
export function makeOptimizer({ label, common, rows, init, run }: OptimizerParts): Optimizer {
  const { clip, schedule = constantSchedule() } = common;
  return {
    init(parameters) {
      rows(parameters.replicas);
      return init(parameters);
    },
    update(step) {
      const { parameters, gradient, clock } = step;
      if (gradient.shape.join() !== parameters.flat.shape.join()) {
        const [expected, found] = [parameters.flat.shape.join(", "), gradient.shape.join(", ")];
        throw new ShapeError(`${label}: expected a flat gradient of shape (${expected}), found (${found})`);
      }
      const hyper = own(hyperTensor(rows(parameters.replicas)));
      const clipped = clip === undefined ? null : globalNorm(gradient, parameters);
      const norm = clipped ?? own(new Tensor([parameters.replicas], "f32", "norm"));
      const { flat, chunks } = parameters;
      const constants = { SCHEDULE: SCHEDULE_CODES[schedule.shape], QUADS: flatQuads() };
      run({ chunks, hyper, norm, clock, gradients: gradient, parameters: flat }, constants, step);
      if (!currentTrace()) {
        hyper.destroy();
        if (!clipped) norm.destroy();
      }
      return clipped;
    },
  };
}

/**
 * Makes zeros laid out as the parameters.
 *
 * @param parameters Parameters of that layout.
 * @param label Stands in error messages.
 * @returns Zeros (P) that the caller owns.
 */
export function zerosLike({ flat }: FlatParameters, label: string): Tensor {
  return new Tensor(flat.shape, "f32", label);
}
