/** What is claimed of the emergence of in-context learning, each with its criterion. */
import {
  beyondControl,
  controlHasNoIcl,
  inductionInWindow,
  oneLayerHasNone,
  previousTokenFirst,
  transitions,
} from "./circuit_claims.ts";
import type { IclClaim } from "./evidence.ts";
import { freezingDelays, rerandomisingDelays } from "./intervention_claims.ts";
import type { Setting } from "./setting.ts";
import {
  autocorrelationInWindow,
  dipAbsentInControl,
  dipAbsentWithOneLayer,
  dipInWindow,
  normCurvatureInWindow,
} from "./spectral_claims.ts";
import {
  ovAnglesEarly,
  ovSubspaceEarly,
  qkAnglesEarly,
  subspaceBeforeMagnitude,
  subspaceFallsEarly,
} from "./subspace_claims.ts";

/** Claims that a setting can be judged by: those that need one or two layers, a control or interventions only with them. */
export function claims(setting: Setting): IclClaim[] {
  const { task, depths, control, interventions, "intervene-at": fractions } = setting;
  const [one, two, deep] = [depths.includes(1), depths.includes(2), depths.some((layers) => layers >= 2)];
  return [
    ...(deep ? [transitions(setting)] : []),
    ...(one ? [oneLayerHasNone] : []),
    ...(two ? [previousTokenFirst, inductionInWindow] : []),
    ...(deep ? [dipInWindow] : []),
    ...(one && two ? [dipAbsentWithOneLayer] : []),
    ...(two ? [subspaceFallsEarly, qkAnglesEarly, ovSubspaceEarly, ovAnglesEarly, subspaceBeforeMagnitude] : []),
    ...(deep ? [normCurvatureInWindow, autocorrelationInWindow] : []),
    // What counts as learned of a text is what its control has not: there is no window to claim of it.
    ...(two && control === "yes" ? [task === "text" ? beyondControl : controlHasNoIcl] : []),
    ...(two && control === "yes" ? [dipAbsentInControl] : []),
    ...(two && interventions === "yes"
      ? fractions.flatMap((fraction) => [freezingDelays(fraction), rerandomisingDelays(fraction)])
      : []),
  ];
}
