/** Claims, with criteria fixed before the run. */
import { coefficientClaims, controlCoefficients } from "./coefficient_claims.ts";
import { controlClaims, noDecay } from "./control_claims.ts";
import type { GrokkingClaim } from "./evidence.ts";
import { interventionClaims } from "./intervention_claims.ts";
import { phaseClaims } from "./phase_claims.ts";
import type { Setting } from "./setting.ts";
import { structureClaims } from "./structure_claims.ts";

/** The claims under a setting: those about controls only where there are some. */
export function claims(setting: Setting): GrokkingClaim[] {
  const controls = setting["control-replicas"] > 0;
  return [
    ...phaseClaims,
    ...structureClaims,
    ...(controls && setting.decays.includes(0) ? [noDecay] : []),
    ...(controls ? controlClaims : []),
    ...(setting.coefficients > 1 ? coefficientClaims : []),
    ...(setting.coefficients > 1 && controls ? controlCoefficients(setting) : []),
    ...(setting["branch-steps"] > 0 ? interventionClaims(setting["branch-at"]) : []),
  ];
}
