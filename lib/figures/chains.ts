/** The trace plot of a learning coefficient's chains. */
import { position } from "./axes.ts";
import { figure } from "./compose.ts";
import { ruleAt } from "./rule.ts";
import type { Spec } from "./spec.ts";
import { PALETTE } from "./theme.ts";
import { threeDigits } from "../claims/judgement.ts";
import type { LearningCoefficient } from "../metrics/learning_coefficient.ts";

const MOST_POINTS = 80;

/**
 * Losses of all chains against steps, as `nβ (ℓ(w) − ℓ(w*))`: averages over stretches of steps, so that a drift is seen
 * through the noise; burn-in and estimate are marked.
 *
 * @param result What `learningCoefficient` found.
 * @param title What was sampled.
 * @returns A figure.
 *
 * @example
 * ```ts
 * import { renderSvg } from "./mod.ts";
 * import { chainFigure } from "./chains.ts";
 *
 * const excess = [0, 1].map((chain) => Float64Array.from({ length: 100 }, (_, step) => 0.01 + 1e-3 * Math.sin(step + chain)));
 * const found = { coefficient: 1, low: 0.9, high: 1.1, chains: [1, 1], rHat: 1, warnings: [] };
 * const loss = { lossAtCentre: 0, lossAtCentreError: 0, heating: 0 };
 * await renderSvg(chainFigure({ ...found, ...loss, excess, burnIn: 20, nBeta: 100 }, "a sine"));
 * ```
 */
export function chainFigure(result: LearningCoefficient, title: string): Spec {
  const { excess, burnIn, nBeta, coefficient, low, high, rHat, warnings } = result;
  const steps = excess[0].length;
  const stretch = Math.max(1, Math.ceil(steps / MOST_POINTS));
  const rows = excess.flatMap((losses, chain) =>
    Array.from({ length: Math.floor(steps / stretch) }, (_, index) => {
      const own = losses.subarray(index * stretch, (index + 1) * stretch);
      const value = nBeta * own.reduce((sum, one) => sum + one, 0) / stretch;
      return { step: (index + 0.5) * stretch, value, chain };
    })
  );
  const about = `λ = ${threeDigits(coefficient)} (${threeDigits(low)} … ${
    threeDigits(high)
  } over ${excess.length} chains), split R-hat = ${threeDigits(rHat)}`;
  const text = {
    title: `Local learning coefficient: ${title}`,
    subtitle: [about, `means over ${stretch} steps`, ...warnings.map((warning) => `warning: ${warning}`)],
    description: `Excess losses of ${excess.length} chains against steps of their dynamics.`,
  };
  return figure(text, { chains: rows }, [
    {
      data: { name: "chains" },
      mark: { type: "line", strokeWidth: 1, opacity: 0.5, color: PALETTE[0], clip: true },
      encoding: {
        x: position("x", { title: "step" }, "step"),
        y: position("y", { title: "nβ (ℓ(w) − ℓ(w*))" }, "value"),
        detail: { field: "chain" },
      },
    },
    ...ruleAt({ x: burnIn, label: "burn-in ends" }),
    ...ruleAt({ y: coefficient, label: "λ estimated" }),
  ]);
}
