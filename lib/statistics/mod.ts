/**
 * Statistics over replicas, on the host in float64.
 *
 * @module
 */
export { differences, geometricMean, mean, quantile, quotients, slope, standardDeviation } from "./summary.ts";
export {
  type Comparison,
  deviationRatio,
  type Interval,
  largestDeviation,
  meanInterval,
  predictionInterval,
  quantileInterval,
  ratioInterval,
  studentQuantile,
  wilsonInterval,
} from "./interval.ts";
