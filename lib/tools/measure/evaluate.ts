/**
 * Spectra and row spaces of one family of matrices at all steps of a series: on the GPU, or in float64 on the CPU where a
 * software driver stands in for a GPU and would take many times as long.
 *
 * @module
 */
import type { HostSpaces } from "../../circuits/spaces.ts";
import { currentGpu } from "../../gpu/device.ts";
import { evaluateOnGpu, lastOnGpu } from "./evaluate_gpu.ts";
import { type CpuSpaces, evaluateOnHost, lastOnHost } from "./evaluate_host.ts";
import type { Family } from "./plan.ts";

/** Numbers of one matrix at one step. */
export interface Finding {
  /** Singular values (K) from the largest. */
  readonly s: Float32Array;
  /** Subspace distance to the last step. */
  readonly distance?: number;
  /** Overlap with the row space of the step before. */
  readonly overlap?: number;
  /** Smallest and largest principal angle to the final row space, in radians. */
  readonly angles?: readonly [number, number];
}

/** Which of the costlier measures are wanted. */
export interface Wanted {
  /** Subspace distance to the last step. */
  readonly distance: boolean;
  /** Overlap with the step before. */
  readonly overlap: boolean;
  /** Principal angles to the last step. */
  readonly angles: boolean;
}

/** Factors of all matrices of a family at one step. */
export type Factors = ReturnType<Family["read"]>;

/** Row spaces that others are compared with, by where they were computed. */
export type FinalSpaces = { readonly gpu: HostSpaces } | { readonly cpu: CpuSpaces };

/**
 * Measures the matrices of a family step by step.
 *
 * @param family What is read.
 * @param steps Number of steps.
 * @param load Factors at a step; null where a weight is not finite, which leaves a gap.
 * @param wanted Which measures of row spaces are wanted.
 * @param visit Called with the step's index and one finding a matrix (R · H), in order; not for gaps.
 * @param final Row spaces that are compared with; those of the last step unless given.
 */
export async function evaluateFamily(
  family: Family,
  steps: number,
  load: (step: number) => Factors | null,
  wanted: Wanted,
  visit: (step: number, findings: readonly Finding[]) => Promise<void>,
  final?: FinalSpaces | null,
): Promise<void> {
  const spaces = wanted.distance || wanted.overlap || wanted.angles;
  const last = spaces ? final ?? await lastSpaces(family, steps, load) : null;
  if (last === null ? currentGpu().adapter.software : "cpu" in last) {
    return await evaluateOnHost(family, steps, load, wanted, visit, last && "cpu" in last ? last.cpu : null);
  }
  await evaluateOnGpu(family, steps, load, wanted, visit, last && "gpu" in last ? last.gpu : null);
}

/**
 * Row spaces at the last step that is finite.
 *
 * @param family What is read.
 * @param steps Number of steps.
 * @param load As of {@linkcode evaluateFamily}.
 * @returns Spaces of all matrices; null where no step is finite.
 */
export async function lastSpaces(
  family: Family,
  steps: number,
  load: (step: number) => Factors | null,
): Promise<FinalSpaces | null> {
  if (currentGpu().adapter.software) {
    const cpu = lastOnHost(family, steps, load);
    return cpu && { cpu };
  }
  const gpu = await lastOnGpu(family, steps, load);
  return gpu && { gpu };
}
