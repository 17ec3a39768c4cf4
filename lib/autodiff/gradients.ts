/** Reverse-mode differentiation of what a recording has put on its tape. */
import { add, multiply } from "../../kernels/elementwise/binary.ts";
import { fill } from "../../kernels/shared/fill.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import type { DType } from "../gpu/dtype.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { currentTrace, type TapeEntry } from "../gpu/trace.ts";
import { expectTensor } from "./expect_tensor.ts";
import { refuseLostDependence } from "./lost_dependence.ts";
import { TensorMap } from "./tensor_map.ts";

/** How gradients are built. */
export interface GradientOptions {
  /** Weights of the elements of `loss`, of its shape; all 1 by default. */
  readonly weights?: Tensor;
  /** Whether the gradients can be differentiated again; record the loss in {@linkcode twiceDifferentiable} then. */
  readonly differentiable?: boolean;
}

/**
 * Appends the kernels that compute `∂(Σ_i w_i loss_i)/∂x` for each `x`, by reverse-mode differentiation of the tape.
 *
 * A loss with one element per replica gives each replica its own gradient, since replicas do not touch. A tensor that is
 * used several times gets the sum of its gradients; one that the loss does not depend on gets zeros. Kernels whose result
 * no gradient needs are left out of the program. A loss that depends on a tensor by a kernel without a gradient is refused,
 * but for {@linkcode stopGradient} and for integers, through which no gradient passes.
 *
 * @param loss What is differentiated, computed in this recording; usually (R).
 * @param tensors With respect to what: inputs of operations before.
 * @param options Weights of the loss's elements; whether to differentiate again.
 * @returns One gradient for each tensor, of its shape.
 * @throws {ShapeError} If a tensor is undefined, as of a misspelt name (the error lists those of the loss), or does not hold
 *   f32, the weights have another size than the loss, a rule gives a gradient of another size, or the loss uses a tensor that
 *   overlaps one of `tensors` without being it.
 * @throws {Error} Outside of a recording, if a fused operation is to be differentiated twice, or if the loss depends on a
 *   tensor by an operation or kernel without a gradient, which is named.
 *
 * @example
 * ```ts
 * import { gradients } from "./gradients.ts";
 * import { multiply } from "../../kernels/elementwise/binary.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([3, 4]);
 * using dx = await evaluate(() => gradients(multiply(x, multiply(x, x)), [x])[0]);
 * assertEquals([...await dx.read()], [27, 48]);
 * ```
 */
export function gradients(loss: Tensor, tensors: readonly Tensor[], options: GradientOptions = {}): Tensor[] {
  const trace = currentTrace();
  if (!trace) throw new Error("gradients: expected a recording in progress, found none");
  const { weights, differentiable: again = false } = options;
  expectFloats("loss", loss);
  tensors.forEach((tensor, index) => {
    expectTensor(trace.tape, tensor, index);
    expectFloats("tensors", tensor);
  });
  if (weights && weights.size !== loss.size) {
    throw new ShapeError(`gradients: expected ${loss.size} weights, found shape (${weights.shape.join(", ")})`);
  }
  const entries = [...trace.tape];
  const reached = reachedFrom(entries, tensors);
  refuseOverlaps(entries, loss, tensors);
  refuseLostDependence(trace, loss, tensors);
  const collected = new TensorMap<Tensor>();
  const taping = trace.taping;
  trace.taping = again;
  try {
    collected.set(loss, weights?.reshape(loss.shape) ?? fill(loss.shape, 1));
    for (const entry of entries.toReversed()) {
      if (!entry.outputs.some((output) => collected.has(output) && reached.has(output))) continue;
      if (again && entry.fused) {
        throw new Error(`${entry.label}: expected an operation recorded within twiceDifferentiable, found a fused one`);
      }
      runBackwards(entry, reached, collected);
    }
    return tensors.map((tensor) => collected.get(tensor)?.reshape(tensor.shape) ?? fill(tensor.shape, 0));
  } finally {
    trace.taping = taping;
  }
}

/**
 * Whether a loss depends on any of the tensors by operations of the tape.
 *
 * @param loss Computed in this recording.
 * @param tensors Inputs of operations before.
 * @returns False if every gradient would be zero, whatever the values.
 * @throws {Error} If it does by a kernel without a gradient.
 */
export function dependsOn(loss: Tensor, tensors: readonly Tensor[]): boolean {
  const trace = currentTrace();
  if (loss.constant || !trace) return false;
  refuseLostDependence(trace, loss, tensors);
  return reachedFrom(trace.tape, tensors).has(loss);
}

function expectFloats(name: string, tensor: Tensor<DType>): void {
  if (tensor.dtype === "f32") return;
  throw new ShapeError(`gradients: expected "${name}" of type f32, found "${tensor.label}" of type ${tensor.dtype}`);
}

/**
 * A loss that takes a part of a tensor's elements, or a buffer that contains it, would depend on it in a way that the tape
 * does not know.
 */
function refuseOverlaps(entries: readonly TapeEntry[], loss: Tensor, tensors: readonly Tensor[]): void {
  const needed = new TensorMap<true>();
  needed.set(loss, true);
  for (const { label, inputs, outputs } of entries.toReversed()) {
    if (!outputs.some((output) => needed.has(output))) continue;
    for (const input of inputs) {
      if (input.constant) continue;
      needed.set(input, true);
      const other = tensors.find((tensor) =>
        tensor.memory === input.memory && !(tensor.start === input.start && tensor.size === input.size) &&
        tensor.start < input.start + input.size && input.start < tensor.start + tensor.size
      );
      if (!other) continue;
      const found = `${label} on ${input.size} elements from ${input.start}, where "${other.label}" is one of`;
      throw new ShapeError(
        `gradients: expected operations on the tensors themselves, found ${found} ${other.size} from ${other.start}`,
      );
    }
  }
}

/** Marks what depends on the tensors. */
function reachedFrom(entries: readonly TapeEntry[], tensors: readonly Tensor[]): TensorMap<true> {
  const reached = new TensorMap<true>();
  for (const tensor of tensors) reached.set(tensor, true);
  for (const { inputs, outputs } of entries) {
    if (!inputs.some((input) => !input.constant && reached.has(input))) continue;
    for (const output of outputs) reached.set(output, true);
  }
  return reached;
}

function runBackwards(
  { label, inputs, outputs, rule, stepwise }: TapeEntry,
  reached: TensorMap<true>,
  collected: TensorMap<Tensor>,
): void {
  const found = rule(outputs.map((output) => collected.get(output)?.reshape(output.shape) ?? null));
  if (found.length !== inputs.length) {
    throw new ShapeError(`${label}: expected ${inputs.length} gradients from its rule, found ${found.length}`);
  }
  inputs.forEach((input, index) => {
    const gradient = found[index];
    if (input.constant || !reached.has(input)) return;
    if (!gradient) {
      if (stepwise || input.dtype !== "f32") return;
      throw new Error(
        `gradients: cannot differentiate "${label}" in "${input.label}" because it has no gradient there; ` +
          "pass `stopGradient(…)` of it if it is meant as a constant",
      );
    }
    if (gradient.size !== input.size) {
      const [expected, shape] = [input.shape.join(", "), gradient.shape.join(", ")];
      throw new ShapeError(`${label}: expected a gradient of shape (${expected}) from its rule, found (${shape})`);
    }
    const before = collected.get(input);
    const one = gradient.reshape(input.shape);
    collected.set(input, before ? add(before.reshape(input.shape), one) : one);
  });
}

/**
 * Appends the kernels of a Hessian-vector product, `Σ_j ∂²loss/∂x_i∂x_j · v_j`, by differentiating twice in reverse.
 *
 * Exact up to rounding. Record the loss within {@linkcode twiceDifferentiable}; costs about four times a gradient of the
 * composed loss. With one loss per replica, each replica has its own Hessian.
 *
 * @param loss What is differentiated, computed in this recording within `twiceDifferentiable`; usually (R).
 * @param tensors With respect to what.
 * @param vectors One direction for each tensor, of its shape.
 * @returns One product for each tensor, of its shape.
 * @throws {ShapeError} If vectors and tensors differ in number or size.
 *
 * @example
 * ```ts
 * import { hessianVectorProduct } from "./gradients.ts";
 * import { twiceDifferentiable } from "./differentiable.ts";
 * import { multiply } from "../../kernels/elementwise/binary.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([3, 4]);
 * using v = Tensor.from([1, 10]);
 * using product = await evaluate(() => {
 *   const cube = twiceDifferentiable(() => multiply(x, multiply(x, x)));
 *   return hessianVectorProduct(cube, [x], [v])[0];
 * });
 * assertEquals([...await product.read()], [18, 240]);
 * ```
 */
export function hessianVectorProduct(
  loss: Tensor,
  tensors: readonly Tensor[],
  vectors: readonly Tensor[],
): Tensor[] {
  if (vectors.length !== tensors.length) {
    throw new ShapeError(`hessianVectorProduct: expected ${tensors.length} vectors, found ${vectors.length}`);
  }
  const first = gradients(loss, tensors, { differentiable: true });
  const slopes = first.map((gradient, index) => {
    const [size] = [gradient.size];
    if (vectors[index].size !== size) {
      const shape = vectors[index].shape.join(", ");
      throw new ShapeError(`hessianVectorProduct: expected a vector of ${size} elements, found shape (${shape})`);
    }
    return sum(multiply(gradient.reshape([size]), vectors[index].reshape([size]).detached), [0]);
  });
  return gradients(slopes.reduce((total, slope) => add(total, slope)), tensors);
}
