/** Stochastic gradient descent on a flat buffer of parameters. */
import { kernel, type KernelOf } from "../lib/gpu/kernel.ts";
import index from "./index.wgsl" with { type: "text" };
import code from "./sgd.wgsl" with { type: "text" };

/**
 * `p[r,c] ← p[r,c] − lr[r] g[r,c]`.
 *
 * @param gradient Gradients g (R, C).
 * @param lr Learning rate of each replica (R).
 * @param parameters Parameters p (R, C), updated in place.
 */
export const sgd: KernelOf<"gradient" | "lr" | "parameters"> = kernel({
  label: "sgd",
  code: { "kernels/index.wgsl": index, "kernels/sgd.wgsl": code },
  inputs: { gradient: ["R", "C"], lr: ["R"], parameters: ["R", "C"] },
  outputs: {},
  groups: ({ R, C }) => Math.ceil(R * C / 64),
});
