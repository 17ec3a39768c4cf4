/** Exact baselines: predictors without parameters to train, called as the models are. */
import type { Positions, Prompts } from "../../../kernels/baselines/prefixes.ts";
import { own } from "../../gpu/program.ts";
import { type DType, Tensor } from "../../gpu/tensor.ts";

export type { Positions, Prompts } from "../../../kernels/baselines/prefixes.ts";

/** A number for all replicas, one for each of them (R), or a tensor (R or 1) that stays the caller's. */
export type PerReplica = number | readonly number[] | Tensor;

/** Options of every baseline. */
export interface BaselineOptions {
  /** Predictions of every position (default), or of the last one alone. */
  readonly positions?: Positions;
}

/**
 * Predictor of labels from the pairs before them. It works at once and inside of a recording; free it with `destroy` or `using`,
 * unless it was made inside of a recording, which then frees it.
 */
export interface Baseline extends Disposable {
  /**
   * Predicts from every prefix of every prompt: label n from the pairs 0 … n − 1 and the input x_n.
   *
   * @param prompts Inputs (R, B, N, D) and labels (R, B, N); the last label is not read.
   * Gradients pass through {@linkcode ridge}, `priorRidge`, `bayesRidge`, `gradientDescent`, `gdPlusPlus` and `dmmse`, to
   * inputs, labels, and constants given as tensors, in operations that take D² numbers a position, or the tasks of the
   * pool. A loss that depends on a parameter by another baseline is refused.
   *
   * @returns Predictions (R, B, N), or (R, B) with `positions: "last"`. Outside of a recording the caller owns them.
   * @throws {ShapeError} If shapes do not fit.
   */
  apply(prompts: Prompts): Tensor;
  /** Frees the constants of the baseline. */
  destroy(): void;
}

/** Constants of one baseline: checked, and held in GPU memory until it is destroyed. */
export class BaselineConstants {
  readonly #label: string;
  readonly #held: Tensor<DType>[] = [];

  /**
   * Makes an empty set of constants.
   *
   * @param label Baseline; stands in error messages.
   */
  constructor(label: string) {
    this.#label = label;
  }

  /**
   * Puts numbers into GPU memory.
   *
   * @param name Argument; stands in the error message.
   * @param values Numbers.
   * @param shape Shape of the tensor.
   * @param domain Which numbers are allowed.
   * @returns The tensor.
   * @throws {RangeError} If there is none, or one is not allowed.
   */
  tensor(name: string, values: readonly number[], shape: readonly number[], domain: Domain): Tensor {
    if (values.length === 0) throw new RangeError(`${this.#label}: expected at least one ${name}, found none`);
    const wrong = values.find((value) => !domain.holds(value));
    if (wrong !== undefined) throw new RangeError(`${this.#label}: expected ${name} ${domain.name}, found ${wrong}`);
    return this.hold(Tensor.from(values, shape, name));
  }

  /**
   * Puts a number per replica into GPU memory.
   *
   * @param name Argument; stands in the error message.
   * @param value Number, numbers, or a tensor, which is passed on as it is.
   * @param domain Which numbers are allowed; those of a tensor are not checked.
   * @returns A tensor (1 or R).
   * @throws {RangeError} If a number is not allowed.
   */
  perReplica(name: string, value: PerReplica, domain: Domain): Tensor {
    if (value instanceof Tensor) return value;
    const values = typeof value === "number" ? [value] : value;
    return this.tensor(name, values, [values.length], domain);
  }

  /**
   * Puts a number per step into GPU memory.
   *
   * @param name Argument; stands in the error message.
   * @param value Number for all steps, numbers (K), or a tensor (R or 1, K), which is passed on as it is.
   * @param steps Number of steps K.
   * @param domain Which numbers are allowed; those of a tensor are not checked.
   * @returns A tensor (R or 1, K).
   * @throws {RangeError} If a number is not allowed, or there are not as many as steps.
   */
  perStep(name: string, value: PerReplica, steps: number, domain: Domain): Tensor {
    this.checkCount("steps", steps);
    const found = value instanceof Tensor ? value.shape[1] : typeof value === "number" ? steps : value.length;
    if (found !== steps) {
      throw new RangeError(`${this.#label}: expected ${steps} numbers for ${name}, one per step, found ${found}`);
    }
    if (value instanceof Tensor) return value;
    return this.tensor(name, typeof value === "number" ? Array(steps).fill(value) : value, [1, steps], domain);
  }

  /**
   * Refuses a number of repetitions that is not an integer ≥ 1.
   *
   * @param name Argument; stands in the error message.
   * @param count Its value.
   * @throws {RangeError} If it is not an integer ≥ 1.
   */
  checkCount(name: string, count: number): void {
    if (Number.isInteger(count) && count >= 1) return;
    throw new RangeError(`${this.#label}: expected ${name} to be an integer ≥ 1, found ${count}`);
  }

  /**
   * Takes over a tensor, which is freed with the baseline.
   *
   * @param tensor Tensor made for it.
   * @returns The same tensor.
   */
  hold<T extends DType>(tensor: Tensor<T>): Tensor<T> {
    this.#held.push(tensor);
    return own(tensor);
  }

  /**
   * Makes the baseline that uses the constants.
   *
   * @param apply Predicts.
   * @returns The baseline.
   */
  baseline(apply: (prompts: Prompts) => Tensor): Baseline {
    const destroy = () => this.#held.splice(0).forEach((tensor) => tensor.destroy());
    return { apply, destroy, [Symbol.dispose]: destroy };
  }
}

/** A set of numbers, and how error messages call it. */
export interface Domain {
  /** Completes "expected λ …". */
  readonly name: string;
  /** Whether a number is in the set. */
  readonly holds: (value: number) => boolean;
}

/** Numbers above 0 that single precision holds. */
export const positive: Domain = {
  name: "to be positive and finite",
  holds: (value) => Math.fround(value) > 0 && Number.isFinite(Math.fround(value)),
};

/** Numbers from 0 on that single precision holds. */
export const nonNegative: Domain = {
  name: "to be at least 0 and finite",
  holds: (value) => value >= 0 && Number.isFinite(Math.fround(value)),
};

/** Numbers that single precision holds. */
export const finite: Domain = { name: "to be finite", holds: (value) => Number.isFinite(Math.fround(value)) };
