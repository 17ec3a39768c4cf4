/**
 * What the paper and the exact flow claim, each with the criterion that its measurement will be held to.
 *
 * Names begin with what is claimed: 1 null blocks, 2 logistic modes, 3 the fixed point, 4 conservation, 5 the loss, 6 staged
 * nonlinear learning, all of the paper; C and D the exact finite-N flow of commuting and of dense tasks.
 */
import type { IclClaim } from "./evidence.ts";
import { exactImbalance, exactModes, noiseAcrossReplicas, noiseDrift, noisyMean } from "./flow_claims.ts";
import {
  couplingContexts,
  couplingOrder,
  denseFixedPoint,
  exactFixedPoint,
  infiniteContext,
  paperFixedPoint,
} from "./fixed_point_claims.ts";
import { lossCurve, lossFloor, modesConserved, sumConserved } from "./loss_claims.ts";
import { escapeTimes, logisticModes, nullBlocks, sigmoids, stagedOrder } from "./paper_claims.ts";
import type { Setting } from "./setting.ts";
import { alignmentDecay, alignmentRate, miscalibration, nullBlocksAttract } from "./study_claims.ts";

/** Claims that apply to a setting: the paper's need the aligned start it assumes, noise the law it is derived for, order and alignment several modes. */
export function claims({ spectrum, init, pool, tasks, studies, contexts }: Setting): IclClaim[] {
  const aligned = init === "aligned";
  const several = spectrum.length > 1;
  const fresh = pool === "fresh";
  return [
    ...(aligned && fresh && tasks === "commuting" ? [nullBlocks] : []),
    ...(aligned ? [logisticModes, escapeTimes] : []),
    ...(aligned && several ? [stagedOrder] : []),
    ...(aligned ? [sigmoids, lossCurve, lossFloor] : []),
    sumConserved,
    ...(aligned ? [modesConserved] : []),
    ...(aligned && fresh ? [exactModes, exactImbalance] : []),
    ...(aligned && fresh && tasks === "commuting" ? [noisyMean, noiseAcrossReplicas, noiseDrift] : []),
    ...(studies === "all" ? [paperFixedPoint, exactFixedPoint, denseFixedPoint] : []),
    ...(studies === "all" && Math.max(...contexts) >= 1e4 ? [infiniteContext] : []),
    ...(studies === "all" && several && couplingContexts(contexts).length >= 2 ? [couplingOrder] : []),
    ...(studies === "all" && several ? [alignmentDecay, alignmentRate] : []),
    ...(studies === "all" ? [nullBlocksAttract] : []),
    ...(studies === "all" && aligned && fresh ? [miscalibration] : []),
  ];
}
