/**
 * Messages between a page and its worker.
 *
 * @module
 */
import type { Spec } from "../../figures/spec.ts";
import type { ShownClaim } from "../serve/shown_claims.ts";

/** From the page to its worker. */
export type Order =
  /** Runs anew with these arguments, as on a command line; training waits for `go` unless `running`. */
  | { readonly kind: "begin"; readonly args: readonly string[]; readonly running: boolean }
  /** Trains on. */
  | { readonly kind: "go" }
  /** Trains no further. */
  | { readonly kind: "pause" }
  /** Makes one step, then pauses. */
  | { readonly kind: "step" }
  /** Asks for the log so far. */
  | { readonly kind: "log" };

/** From the worker to its page; `run` counts the orders to begin, so that news of an earlier run can be told apart. */
export type News =
  & { readonly run: number }
  & (
    /** Adapter that runs it, in words. */
    | { readonly kind: "adapter"; readonly name: string; readonly software: boolean }
    /** How far it is. */
    | {
      readonly kind: "progress";
      readonly label: string;
      readonly step: number;
      readonly total: number;
      readonly loss: number | null;
    }
    /** Its figures as they are now, by name; without those that there is nothing to draw of. */
    | { readonly kind: "figures"; readonly figures: Readonly<Record<string, Spec>> }
    /** Its claims: with criteria at the start, with verdicts at the end. */
    | { readonly kind: "claims"; readonly claims: readonly (ShownClaim | Criterion)[] }
    /** It has come to its end. */
    | { readonly kind: "end" }
    /** It cannot go on. `refused`: an option is outside its domain; `adapter`: there is no GPU; `lost`: the GPU was lost. */
    | { readonly kind: "failed"; readonly why: "refused" | "adapter" | "lost" | "failed"; readonly text: string }
    /** The log so far, as `log.ndjson` of a run folder. */
    | { readonly kind: "log"; readonly text: string }
  );

/** A claim that is not judged yet. */
export interface Criterion {
  /** Its name. */
  readonly id: string;
  /** The claim as a sentence. */
  readonly statement: string;
  /** Where. */
  readonly source: string;
  /** Condition under which it counts as reproduced. */
  readonly criterion: string;
}
