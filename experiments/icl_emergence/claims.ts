/** What is claimed of the emergence of in-context learning, each with its criterion. */
import {
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
  subspaceBeforeMagnitude,
  subspaceFallsEarly,
} from "./spectral_claims.ts";

/** Claims that a setting can be judged by: those that need one or two layers, a control or interventions only with them. */
export function claims({ depths, control, interventions }: Setting): IclClaim[] {
  const [one, two, deep] = [depths.includes(1), depths.includes(2), depths.some((layers) => layers >= 2)];
  return [
    ...(deep ? [transitions] : []),
    ...(one ? [oneLayerHasNone] : []),
    ...(two ? [previousTokenFirst, inductionInWindow] : []),
    ...(deep ? [dipInWindow] : []),
    ...(one && two ? [dipAbsentWithOneLayer] : []),
    ...(two ? [subspaceFallsEarly, subspaceBeforeMagnitude] : []),
    ...(deep ? [normCurvatureInWindow, autocorrelationInWindow] : []),
    ...(two && control === "yes" ? [controlHasNoIcl, dipAbsentInControl] : []),
    ...(two && interventions === "yes" ? [freezingDelays, rerandomisingDelays] : []),
  ];
}
