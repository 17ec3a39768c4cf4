/** Does attention alone learn to copy in context? Blocks of 8 to 16 random tokens are repeated; `--layers=1` is the control. */
import * as lab from "../../mod.ts";
const [V, T, seen] = [64, 32, { series: "main", quantity: "loss on what is repeated" }]; // vocabulary, positions
export const experiment = lab.defineExperiment({
  name: "copying",
  doc: new URL(import.meta.url),
  options: {
    steps: lab.option.integer(1500, { min: 1, help: "updates" }),
    layers: lab.option.integer(2, { min: 1, help: "layers of attention" }),
    replicas: lab.option.integer(8, { min: 2, help: "seeds, side by side" }),
  },
  presets: { smoke: { steps: 50, replicas: 2 } },
  resumable: { every: 250 },
  claims: [lab.claim({
    id: "copies",
    statement: "An attention-only decoder of two layers learns to predict what comes a second time.",
    source: "arXiv 2209.11895",
    measure: "test loss on repeated tokens at the end, over ln V",
    expect: lab.expect.mean({ to: 0.1 }),
    values: (measured) => ({ values: measured.last(seen).map((nats) => nats / Math.log(V)) }),
  })],
  figures: (measured) => ({
    loss: lab.curves({ title: "Copying", y: { title: "test loss (nats)" }, lines: { "": measured.curves(seen) } }),
  }),
  async run(run) {
    const { steps, layers } = run.configuration;
    const model = lab.transformer({
      input: { vocabulary: V },
      outputs: V,
      length: T,
      layers,
      heads: 4,
      width: 32,
      mlp: 0,
    });
    const blocks = { vocabulary: V, length: T + 1, batch: 32, block: { from: 8, to: 16 } };
    const task = lab.withTargets(lab.repeatedSequences(blocks));
    const losses = (key: string) => (weights: lab.Weights, draw: lab.StepDraw) => {
      const { inputs, targets } = task({ ...draw, key }); // drawn on the GPU: another key, other sequences
      return lab.crossEntropy(model.apply(weights, inputs), targets, { reduction: "positions" }); // (R, T)
    };
    using parameters = lab.ParameterSet.create(model.parameters, run.seeds);
    using training = await lab.Training.create({
      parameters,
      optimizer: lab.adamw({ lr: 5e-3, weightDecay: 0.01, clip: 1, schedule: lab.warmUp(50) }),
      loss: (weights, draw) => lab.mean(losses("train")(weights, draw), [1]),
      evaluations: { late: (weights, draw) => lab.mean(lab.slice(losses("test")(weights, draw), 1, 16, T), [1]) },
      from: run.restored("training"),
    });
    for await (
      const { step, evaluations } of lab.follow(
        training,
        { label: "training", reports: lab.everySteps(50, steps) },
        run,
      )
    ) run.measure({ series: "main", step }, { [seen.quantity]: evaluations.late });
  },
});
if (import.meta.main) await lab.main(experiment);
