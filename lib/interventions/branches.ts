/** Branches of one state of training, side by side as one ensemble. */
import { repeatReplicas } from "../models/parameter_arrays.ts";
import type { TrainingState } from "../train/state.ts";

/** Several branches of the R replicas of a state; replica r of branch i is replica i R + r of the ensemble. */
export interface Branches<N extends string> {
  /** Names of the branches, in order. */
  readonly names: readonly N[];
  /** Replicas R of each branch. */
  readonly replicas: number;
  /** The state of all of them, tensors (n R, …): copies, which interventions change in place before training goes on. */
  readonly state: TrainingState;
  /**
   * Finds a replica of a branch in the ensemble.
   *
   * @param name Branch.
   * @param replica Replica, 0 … R − 1.
   * @returns Its index, 0 … n R − 1.
   */
  at(name: N, replica: number): number;
  /**
   * Finds the replicas of a branch in the ensemble.
   *
   * @param name Branch.
   * @returns Their indices (R).
   */
  indices(name: N): number[];
  /**
   * Repeats what each replica has, such as its seed, for every branch.
   *
   * @param values One of each replica (R).
   * @returns One of each replica of the ensemble (n R).
   */
  each<T>(values: readonly T[]): T[];
}

/**
 * Branches a state of training: the same replicas several times, to be changed and trained on side by side.
 *
 * A branch that nothing changes trains on as the replicas would have alone, bit for bit.
 *
 * @param state State at a report, tensors (R, …).
 * @param names Names of the branches, at least one.
 * @returns The branches.
 * @throws {RangeError} If the state has losses that no report has had, or there is no branch, or one twice.
 *
 * @example
 * ```ts
 * import { branches } from "./branches.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const tensors = [{ name: "w", shape: [2, 1], data: Float32Array.of(1, 2) }];
 * const { state, at, each } = branches({ step: 9, tensors }, ["frozen", "free"]);
 * assertEquals([...state.tensors[0].data], [1, 2, 1, 2]);
 * assertEquals([at("free", 1), each(["a", "b"])], [3, ["a", "b", "a", "b"]]);
 * ```
 */
export function branches<N extends string>({ step, tensors }: TrainingState, names: readonly N[]): Branches<N> {
  if (names.length === 0 || new Set(names).size < names.length) {
    throw new RangeError(`branches: expected different names, found ${names.join(", ") || "none"}`);
  }
  if (tensors.some(({ name }) => name === "run.losses")) {
    throw new RangeError("branches: expected a state at a report, found one with losses that no report has had");
  }
  const R = tensors[0].shape[0];
  const at = (name: N, replica: number) => names.indexOf(name) * R + replica;
  return {
    names,
    replicas: R,
    state: { step, tensors: repeatReplicas(tensors, names.length) },
    at,
    indices: (name) => Array.from({ length: R }, (_, r) => at(name, r)),
    each: (values) => names.flatMap(() => values),
  };
}
