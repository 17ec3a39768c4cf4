/**
 * Claims, declared before the run and judged by one rule after it.
 *
 * @module
 */
export {
  type Claim,
  claim,
  type ClaimParts,
  countVerdicts,
  type Found,
  judgeClaims,
  type JudgedClaim,
  type Unmeasured,
} from "./claim.ts";
export { type Deviation, followsTheory, type FollowsTheoryParts } from "./follows_theory.ts";
export * as expect from "./expectations.ts";
export type { ChanceResult, Expectation, Groups } from "./expectations.ts";
export {
  type Assessment,
  type Bounds,
  type Judgement,
  threeDigits,
  type Verdict,
  verdictOf,
  within,
} from "./judgement.ts";
