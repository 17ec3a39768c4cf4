/**
 * How a board writes numbers.
 *
 * @module
 */
import { countVerdicts, type JudgedClaim } from "../../claims/mod.ts";

/** Four significant digits, without trailing zeros. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** For example `1.02 [0.98, 1.07]`. */
export function measured({ measured, low, high }: JudgedClaim): string {
  return `${short(measured)} [${short(low)}, ${short(high)}]`;
}

/** For example `12 reproduced, 1 inconclusive`; `no claims` for none. */
export function counts(claims: readonly JudgedClaim[]): string {
  if (claims.length === 0) return "no claims";
  return Object.entries(countVerdicts(claims)).map(([verdict, count]) => `${count} ${verdict}`).join(", ");
}
