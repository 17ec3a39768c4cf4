/**
 * Names of a claim's numbers: the same words on the terminal, in Markdown and on pages.
 *
 * @module
 */
import { countVerdicts, type JudgedClaim } from "./claim.ts";
import { threeDigits } from "./judgement.ts";

/** Placeholder where nothing was measured or predicted. */
const NOTHING = "–";

/** The interval of a claim, as in `[0.98, 1.02]`; `–` where nothing was measured. */
export function intervalOf({ low, high }: Pick<JudgedClaim, "low" | "high">): string {
  return low === null || high === null ? NOTHING : `[${threeDigits(low)}, ${threeDigits(high)}]`;
}

/** The measured value of a claim with its interval, as in `1 [0.98, 1.02]`; `–` where nothing was measured. */
export function measuredOf(claim: Pick<JudgedClaim, "measured" | "low" | "high">): string {
  return claim.measured === null ? NOTHING : `${threeDigits(claim.measured)} ${intervalOf(claim)}`;
}

/** Texts of a claim, wherever it is shown. */
export interface ClaimWords {
  /** The value predicted; `–` where none is. */
  readonly predicted: string;
  /** The value measured, with its interval; `–` where nothing was. */
  readonly measured: string;
  /** Sentences beside them. */
  readonly notes: readonly string[];
}

/**
 * The numbers of a claim in words.
 *
 * @param claim The claim.
 * @returns What stands beside its statement, criterion and verdict.
 */
export function wordsOf(claim: JudgedClaim): ClaimWords {
  return { predicted: threeDigits(claim.predicted), measured: measuredOf(claim), notes: notesOf(claim) };
}

/**
 * Breaks a text at spaces.
 *
 * @param text The text.
 * @param width Most characters of a line; a longer word stays whole.
 * @returns Lines.
 */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/**
 * Sentences about a claim beside its numbers: the group whose numbers they are, the detail, the errors of its rivals, and how
 * many replicas would be expected to settle it.
 *
 * @param claim The claim.
 * @returns Sentences without full stops; none where there is nothing to say.
 */
export function notesOf({ verdict, shown, detail, rivals, replicas, replicasToSettle }: JudgedClaim): string[] {
  const errors = Object.entries(rivals ?? {}).map(([name, error]) => `${name} off by ${percent(error)}`);
  return [
    ...(shown === undefined ? [] : [`the numbers are those of ${shown}`]),
    ...(detail === undefined || detail === "" ? [] : [detail]),
    ...(errors.length === 0 ? [] : [errors.join(", ")]),
    ...(verdict !== "inconclusive" || replicas === 0 ? [] : [
      replicasToSettle === null
        ? `no number of replicas up to 10 000 would be expected to settle it (here ${replicas})`
        : `${replicasToSettle} replicas would be expected to settle it (here ${replicas})`,
    ]),
  ];
}

/**
 * How many claims came out how, in words.
 *
 * @param judged Claims.
 * @returns For example `12 reproduced, 1 not reproduced, 2 inconclusive`; `no claims`; or that a trial judges nothing.
 */
export function countsInWords(judged: readonly Pick<JudgedClaim, "verdict">[]): string {
  const { trial = 0, ...counts } = countVerdicts(judged);
  const words = Object.entries(counts).map(([verdict, count]) => `${count} ${verdict}`);
  if (trial > 0) words.push(`${trial} not judged: verdicts of a trial preset would mean nothing`);
  return words.length === 0 ? "no claims" : words.join(", ");
}

function percent(error: number): string {
  return `${Number((100 * error).toPrecision(2))} %`;
}
