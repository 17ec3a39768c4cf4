/**
 * Claims as pages show them: each with its numbers in the words of every other renderer.
 *
 * @module
 */
import type { JudgedClaim } from "../../claims/mod.ts";
import { readSoundClaims } from "../../claims/read_claims.ts";
import { type ClaimWords, wordsOf } from "../../claims/words.ts";

/** A claim with its numbers in words. */
export type ShownClaim = JudgedClaim & { readonly words: ClaimWords };

/**
 * Claims of a file, which may hold anything.
 *
 * @param value Content of a `claims.json`.
 * @returns The claims that are some.
 */
export function shownClaims(value: unknown): ShownClaim[] {
  return readSoundClaims(value).map((claim) => ({ ...claim, words: wordsOf(claim) }));
}
