/**
 * Checks of a folder of checkpoints: steps that hold the same weights, shards of another step, replicas that coincide, heads
 * without full rank, cuts between equal singular values.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";
import { listed } from "./plan.ts";

/** Finding of a check. */
export interface AuditFinding {
  /** Which check. */
  readonly check: "equal weights" | "shard" | "replicas" | "rank" | "cut";
  /** The finding, in words. */
  readonly finding: string;
}

/** Fingerprints of the tensors of one checkpoint. */
export interface Fingerprint {
  /** Step. */
  readonly step: number;
  /** Hashes by tensor, one for each replica. */
  readonly hashes: ReadonlyMap<string, readonly string[]>;
  /** File of each tensor. */
  readonly files: ReadonlyMap<string, string>;
}

/** Below this share of the largest singular value a direction counts as missing. */
const MISSING = 1e-5;
/** Singular values closer than this share of the largest are equal to a cut. */
const EQUAL = 1e-4;

/**
 * Hash of the numbers of a tensor, replica by replica.
 *
 * @param values Numbers, replicas first.
 * @param replicas Number of replicas.
 * @returns One text each.
 */
export function hashesOf(values: Float32Array, replicas: number): string[] {
  const each = values.length / replicas;
  return Array.from({ length: replicas }, (_, r) => {
    const own = values.subarray(r * each, (r + 1) * each);
    return createHash("sha1").update(new Uint8Array(own.buffer, own.byteOffset, own.byteLength)).digest("base64");
  });
}

/** The file that holds each tensor of a checkpoint. */
export function filesOf(source: TensorSource): Map<string, string> {
  return new Map([...source.tensors.keys()].map((name) => [name, source.fileOf(name)]));
}

/**
 * Compares the checkpoints of a series with each other.
 *
 * @param prints One a step, ascending.
 * @param where What stands before a finding, such as the folder; empty for one series alone.
 * @returns Findings.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { repeatedWeights } from "./audit.ts";
 *
 * const at = (step: number, hash: string) => ({ step, hashes: new Map([["w", [hash]]]), files: new Map([["w", "f"]]) });
 * const [{ finding }] = repeatedWeights([at(0, "a"), at(1, "c"), at(2, "b"), at(3, "c")], "");
 * assertEquals(finding, "step 1 holds the weights of step 3, the last");
 * ```
 */
export function repeatedWeights(prints: readonly Fingerprint[], where: string): AuditFinding[] {
  const found: AuditFinding[] = [];
  const say = (check: AuditFinding["check"], text: string) => void found.push({ check, finding: where + text });
  const last = prints.at(-1);
  if (last === undefined || prints.length < 2) return [];
  const textOf = ({ hashes }: Fingerprint) => [...hashes].map(([name, own]) => name + own.join()).join("\n");
  const groups = [...Map.groupBy(prints, textOf).values()];
  for (const group of groups) {
    const end = group.at(-1)!;
    const steps = group.slice(0, -1).map(({ step }) => step);
    if (steps.length === 0) continue;
    const which = steps.length === 1 ? `step ${steps[0]} holds` : `steps ${listed(steps.map(String), 8)} hold`;
    say("equal weights", `${which} the weights of step ${end.step}${end === last ? ", the last" : ""}`);
  }
  // A tensor that never changes is frozen, and says nothing of the steps.
  const distinct = groups.map((group) => group[0]);
  const moving = [...last.hashes.keys()].filter((name) =>
    new Set(distinct.map(({ hashes }) => hashes.get(name)?.join())).size > 1
  );
  for (const [index, one] of distinct.entries()) {
    for (const other of distinct.slice(index + 1)) {
      const same = moving.filter((name) => one.hashes.get(name)?.join() === other.hashes.get(name)?.join());
      if (same.length === 0) continue;
      const shard = one.files.get(same[0])!;
      const ofShard = moving.filter((name) => one.files.get(name) === shard);
      const whole = ofShard.length === same.length && same.every((name) => one.files.get(name) === shard) &&
        ofShard.length < moving.length;
      if (whole) {
        say("shard", `${shard} holds the same at steps ${one.step} and ${other.step}, while the other shards differ`);
      } else {
        say(
          "equal weights",
          `steps ${one.step} and ${other.step} share ${same.length} of ${moving.length} tensors that change: ${
            listed(same, 3)
          }`,
        );
      }
    }
  }
  return found;
}

/**
 * Finds replicas that hold the same weights at a step.
 *
 * @param series Fingerprints of each series.
 * @returns Findings.
 */
export function coincidingReplicas(series: readonly (readonly Fingerprint[])[]): AuditFinding[] {
  const all = new Map<string, number[]>();
  let first = 0;
  for (const prints of series) {
    const R = Math.max(1, ...prints.flatMap(({ hashes }) => [...hashes.values()].map((own) => own.length)));
    for (const { step, hashes } of prints) {
      for (let r = 0; r < R; r++) {
        const text = `${step}\n${[...hashes].map(([name, own]) => name + own[r]).join("\n")}`;
        all.set(text, [...all.get(text) ?? [], first + r]);
      }
    }
    first += R;
  }
  return [...all].filter(([, own]) => own.length > 1).map(([text, own]): AuditFinding => ({
    check: "replicas",
    finding: `replicas ${own.join(", ")} hold the same weights at step ${text.slice(0, text.indexOf("\n"))}`,
  }));
}

/**
 * Checks a spectrum.
 *
 * @param s Singular values from the largest.
 * @param full Rank that the matrix should have: the width of its head; null where nothing says it.
 * @param cut Directions that measures of its row space keep.
 * @param where What it is, and at which step.
 * @returns Findings.
 */
export function spectrumFindings(
  s: ArrayLike<number>,
  full: number | null,
  cut: number | null,
  where: string,
): AuditFinding[] {
  const found: AuditFinding[] = [];
  let rank = 0;
  while (rank < s.length && s[rank] > MISSING * s[0]) rank++;
  if (full !== null && rank < full) found.push({ check: "rank", finding: `${where} has rank ${rank} of ${full}` });
  if (cut !== null && cut < rank && s[cut - 1] - s[cut] < EQUAL * s[0]) {
    found.push({
      check: "cut",
      finding:
        `${where} is cut between equal singular values (σ_${cut} and σ_${cut + 1}): its subspace distance, overlap ` +
        "and angles are not determined",
    });
  }
  return found;
}
