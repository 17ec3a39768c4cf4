/** Are the modes of in-context regression learned one after the other, as the closed form has it? (arXiv 2504.12916) */
import * as lab from "../../mod.ts";
const [spectrum, context, lr] = [[4, 2, 1, 0.5], 8, 0.01];
const product = (index: number) => ({ series: "main", quantity: "product", index });
const modes = <T>(of: (mode: number) => T) => Object.fromEntries(spectrum.map((s, mode) => [`s = ${s}`, of(mode)]));
export const experiment = lab.defineExperiment({
  name: "modes",
  doc: new URL(import.meta.url),
  options: { steps: lab.option.integer(5000, { help: "steps" }), replicas: lab.option.integer(8, { help: "seeds" }) },
  presets: { smoke: { steps: 100 } },
  figures: (measured) => {
    const lines = modes((mode) => measured.curves(product(mode)));
    const theory = { "closed form": modes((mode) => measured.theory("closed form", product(mode))) };
    const words = { title: "What each mode has learned", by: "eigenvalue", y: { title: "a = p q" } };
    return { modes: lab.curves({ ...words, lines, theory }) };
  },
  async run(run) {
    const replicas = run.seeds.map((seed) => ({ seed, context, lr, spectrum, init: lab.alignedInit(4, 0.05) }));
    const prompts = { batch: 512, tasks: "commuting", pool: "fresh", sampler: "statistics" } as const;
    using training = await lab.linearIcl({ replicas, ...prompts });
    const reports = lab.everySteps(25, run.configuration.steps);
    for await (const { step, evaluations } of lab.follow(training, { label: "main", reports }, run)) {
      run.measure({ series: "main", step }, { product: lab.blockMeasures(evaluations.parameters, 4).product });
    }
    const closed = lab.decoupledProducts({ spectrum, context }, 0.05 ** 2, lr, reports);
    spectrum.forEach((_, mode) => run.theory("closed form", product(mode), reports, closed.map((a) => a[mode])));
  },
});
if (import.meta.main) await lab.main(experiment);
