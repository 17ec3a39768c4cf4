/** Measures of heads under training, as an experiment logs them. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { headMeasures, headNumbers } from "../../lib/circuits/head_measures.ts";
import { compareSpaces, spaceArrays, spaceNumbers, spacesFrom } from "../../lib/circuits/spaces.ts";
import { spacesOf } from "../../lib/circuits/spectra.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { transformer } from "../../lib/models/transformer.ts";
import { adamw } from "../../lib/optim/mod.ts";
import { byHead } from "../../lib/study/mod.ts";
import { repeatedSequences, withTargets } from "../../lib/tasks/mod.ts";
import { nextTokenLoss } from "../../lib/train/next_token.ts";
import { Training } from "../../lib/train/training.ts";

await openGpu();

const [layers, heads, length, vocabulary, seeds] = [2, 2, 12, 9, [1, 2, 3]];
const model = transformer({ input: { vocabulary }, outputs: vocabulary, length, layers, heads, width: 8, mlp: 0 });
const task = withTargets(repeatedSequences({ vocabulary, length: length + 1, batch: 4, block: 3 }));

Deno.test("numbers of heads in training: by place, the same as of a replica alone; row spaces kept and compared", async () => {
  const reportsOf = async (seeds: readonly number[]) => {
    using parameters = ParameterSet.create(model.parameters, seeds);
    using training = await Training.create({
      parameters,
      optimizer: adamw({ lr: 0.01 }),
      loss: nextTokenLoss(model, task, "train"),
      evaluations: {
        positions: nextTokenLoss(model, task, "evaluation", "positions"),
        ...headMeasures(model, { layers, heads, length, vocabulary, batch: 4, marginal: 1 }),
      },
    });
    const reports = [];
    for await (const { evaluations } of training.run({ reports: [0, 2] })) {
      const { positions, QK } = evaluations;
      const arrays = spaceArrays({ QK: spacesOf(QK) });
      reports.push({ positions, placed: [...byHead(headNumbers(evaluations), { layers, heads })], arrays });
    }
    return reports;
  };
  const [together, alone] = [await reportsOf(seeds), await reportsOf([2])];
  for (const [report, { positions, placed }] of together.entries()) {
    assertEquals(positions.subarray(length, 2 * length), alone[report].positions);
    assertEquals(placed.map(([place]) => place), [0, 1].flatMap((layer) => [0, 1].map((head) => ({ layer, head }))));
    const circuits = ["QK", "OV"].flatMap((
      name,
    ) => [`${name} norm`, `${name} rank without 0`, `${name} rank without 1`]);
    for (const [index, [, values]] of placed.entries()) {
      assertEquals(Object.keys(values), ["prefix matching", "previous token", ...circuits]);
      const [, own] = alone[report].placed[index];
      for (const [quantity, of] of Object.entries(values)) assertEquals(of[1], own[quantity][0], quantity);
    }
  }
  const compared = await compareSpaces(together.map(({ arrays }) => spacesFrom("QK", arrays)));
  const numbers = spaceNumbers("QK", compared[1]);
  assertEquals(Object.keys(numbers), ["QK distance", "QK mean angle", "QK largest angle"]);
  for (const distance of numbers["QK distance"]) assertAlmostEquals(distance, 0, 1e-3);
});
