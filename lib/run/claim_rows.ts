/**
 * Rows of a log that tell of claims.
 *
 * @module
 */
import type { Claim, JudgedClaim } from "../claims/mod.ts";
import type { standardColumns } from "./columns.ts";
import type { LogWriter } from "./log.ts";

/** A log that has the rows of every run. */
export type ClaimLog = Pick<LogWriter<typeof standardColumns>, "write" | "flush">;

/**
 * Logs what every claim will be judged by.
 *
 * @param log The log.
 * @param claims Claims, judged or not.
 */
export function logCriteria(log: ClaimLog, claims: readonly Omit<Claim<never>, "judge">[]): void {
  for (const { id, statement, source, criterion } of claims) {
    log.write("criterion", { id, statement, source, criterion });
  }
  log.flush();
}

/**
 * Logs how claims came out, and the errors of rival explanations that they name.
 *
 * @param log The log.
 * @param judged Claims with their numbers.
 */
export function logVerdicts(log: ClaimLog, judged: readonly JudgedClaim[]): void {
  for (const { id, source, criterion, statement: _, detail = "", rivals = {}, ...numbers } of judged) {
    log.write("claim", { id, source, criterion, ...numbers, detail });
    for (const [rival, error] of Object.entries(rivals)) log.write("rival", { id, rival, error });
  }
  log.flush();
}
