/**
 * Claims as they come from a file, which may hold anything.
 *
 * @module
 */
import type { JudgedClaim } from "./claim.ts";
import { type Verdict, VERDICTS } from "./judgement.ts";

const TEXTS = ["id", "statement", "source", "criterion", "verdict"] as const;
const NUMBERS = ["predicted", "measured", "low", "high"] as const;

/**
 * Reads claims.
 *
 * @param value Content of a `claims.json`.
 * @returns Claims; null where the value is no list of claims.
 *
 * @example
 * ```ts
 * import { readClaims } from "./read_claims.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([readClaims([]), readClaims({}), readClaims([null])], [[], null, null]);
 * ```
 */
export function readClaims(value: unknown): JudgedClaim[] | null {
  if (!Array.isArray(value)) return null;
  const claims = value.map(readClaim);
  return claims.includes(null) ? null : claims as JudgedClaim[];
}

/**
 * Reads the claims that are some, and leaves out what else a list holds.
 *
 * @param value Content of a `claims.json`.
 * @returns Claims.
 */
export function readSoundClaims(value: unknown): JudgedClaim[] {
  return Array.isArray(value) ? value.map(readClaim).filter((claim) => claim !== null) : [];
}

function readClaim(value: unknown): JudgedClaim | null {
  if (typeof value !== "object" || value === null) return null;
  const claim = value as Readonly<Record<string, unknown>>;
  const isNumber = (key: string) => (claim[key] ?? null) === null || Number.isFinite(claim[key]);
  if (!TEXTS.every((key) => typeof claim[key] === "string") || !VERDICTS.includes(claim.verdict as Verdict)) {
    return null;
  }
  if (!NUMBERS.every(isNumber) || !isNumber("replicas") || !isNumber("replicasToSettle")) return null;
  const rivals = Object.entries(claim.rivals ?? {}).filter(([, error]) => Number.isFinite(error));
  const { replicas = 0, replicasToSettle = null, shown, detail } = claim;
  return {
    ...Object.fromEntries(TEXTS.map((key) => [key, claim[key]])),
    ...Object.fromEntries(NUMBERS.map((key) => [key, claim[key] ?? null])),
    replicas,
    replicasToSettle,
    ...(rivals.length > 0 && { rivals: Object.fromEntries(rivals) }),
    ...(typeof shown === "string" && shown !== "" && { shown }),
    ...(typeof detail === "string" && detail !== "" && { detail }),
  } as JudgedClaim;
}
