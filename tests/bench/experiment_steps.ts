/** Training steps of experiments' cpu presets: sizes from their own options, and how many replicas train side by side. */
import * as convergence from "../../experiments/attention_convergence/setting.ts";
import * as coOccurrence from "../../experiments/co_occurrence/setting.ts";
import * as descent from "../../experiments/gd_in_context/setting.ts";
import * as inversion from "../../experiments/identifiability/setting.ts";
import * as patterns from "../../experiments/nonlinear_generalisation/setting.ts";
import * as keysQueries from "../../experiments/separate_keys_queries/setting.ts";
import { cpu, type ExperimentStep, firstSeeds } from "./preset_sizes.ts";
import { REGRESSION } from "./regression_trainings.ts";

const pattern = cpu(patterns);
const words = cpu(coOccurrence);
const features = cpu(convergence);
const latents = cpu(inversion);

/** Settings by experiment. */
export const SETTINGS = {
  pattern,
  words,
  descent: cpu(descent),
  keysQueries: cpu(keysQueries),
  features,
  latents: { ...latents, widths: inversion.encoderWidths(latents.dimension, latents.width) },
  encoder: { ...latents, widths: inversion.encoderWidths(latents.dimension, 250), batch: 512 },
} as const;

const tasks = patterns.TASK_SETS[patterns.MAIN];

/** All steps. */
export const STEPS: readonly ExperimentStep[] = [
  ...([patterns.ONE, patterns.DECODER] as const).map((model) => ({
    name: `nonlinear_generalisation, ${model}`,
    replicas: patterns.conditionsOf(model, pattern, firstSeeds(pattern.replicas)).replicas.length,
    sizes: { ...pattern, tasks },
  })),
  { name: "co_occurrence", replicas: 4 * words.replicas, sizes: words },
  { name: "gd_in_context", replicas: SETTINGS.descent.replicas, sizes: SETTINGS.descent },
  { name: "separate_keys_queries", replicas: 4 * SETTINGS.keysQueries.replicas, sizes: SETTINGS.keysQueries },
  { name: "attention_convergence", replicas: 2 * features.contexts.length * features.replicas, sizes: features },
  {
    name: "identifiability",
    replicas: inversion.studiesOf(latents, firstSeeds(latents.replicas))[0].conditions.replicas.length,
    sizes: SETTINGS.latents,
  },
  ...REGRESSION,
];

/** The encoder of identifiability at its full width, and a larger batch. */
export const ENCODER: ExperimentStep = {
  name: "encoder 5-50-250⁴-50-5, batch 512",
  formula: "identifiability",
  replicas: 1,
  sizes: SETTINGS.encoder,
};
