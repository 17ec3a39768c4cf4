import { assertEquals, assertThrows } from "@std/assert";
import { claim as declare, expect, within } from "../../lib/claims/mod.ts";
import { claimsOf, isTrial, seedsOf } from "../../lib/run/experiment.ts";
import { column, defineExperiment, option } from "../../lib/run/mod.ts";
import { Conditions, type Measurements } from "../../lib/study/mod.ts";

const claim = declare({
  id: "one",
  statement: "x is 1.",
  source: "text",
  measure: "x",
  expect: expect.mean(within(1, 0.1)),
  values: (measured: Measurements) => ({ values: measured.last({ series: "main", quantity: "x" }) }),
});
const parts = {
  name: "demo",
  doc: "Does it?",
  options: { steps: option.integer(10, { min: 1, help: "steps" }) },
  presets: {},
  columns: { train: { loss: column.float("", "loss") } },
  claims: [claim],
  run: () => Promise.resolve(),
};

Deno.test("a definition comes back as it is", () => {
  assertEquals(defineExperiment(parts), parts);
});

Deno.test("types of options, rows and numbers reach the run", () => {
  defineExperiment({
    ...parts,
    run({ configuration, log, measure }) {
      const steps: number = configuration.steps;
      log("train", { loss: steps });
      measure({ series: "main", step: 1 }, { x: [1], modes: [[1, 2]], missing: [null] });
      measure({ series: new Conditions([{ name: "main", seeds: [1], decay: 0 }]), step: 1 }, {
        x: new Float32Array(1),
      });
      // @ts-expect-error a number belongs to a replica
      const wrongNumber = () => measure({ series: "main", step: 1 }, { x: 1 });
      // @ts-expect-error a number has a step
      const noStep = () => measure({ series: "main" }, { x: [1] });
      // @ts-expect-error loss is a number
      const wrongType = () => log("train", { loss: "1" });
      // @ts-expect-error every column is needed
      const missing = () => log("train", {});
      // @ts-expect-error this kind of row is not declared
      const unknown = () => log("measure", {});
      return Promise.resolve(void [wrongNumber, noStep, wrongType, missing, unknown]);
    },
  });
});

Deno.test("a contradiction is found when the experiment is defined, not when it runs", () => {
  const refuses = (change: Partial<typeof parts>, text: string) =>
    assertThrows(() => defineExperiment({ ...parts, ...change }), Error, text);
  refuses({ name: "My Demo" }, 'expected an experiment name of a-z, 0-9, _ and -, found "My Demo"');
  refuses({ claims: [claim, claim] }, "expected claims with distinct names, found one twice");
  refuses({ presets: { smoke: { steps: 0 } } }, 'expected --steps to be an integer ≥ 1, found "0"');
  refuses(
    { options: { steps: option.integer(0, { min: 1, help: "" }) } },
    'expected --steps to be an integer ≥ 1, found "0"',
  );
  assertThrows(
    () => defineExperiment({ ...parts, columns: { train: { id: column.float("", "") } } }),
    Error,
    "expected column id to have one type",
  );
});

Deno.test("claims follow the configuration, seeds the number of replicas, trials the preset", () => {
  const several = defineExperiment({
    ...parts,
    options: { ...parts.options, replicas: option.integer(3, { min: 1, help: "seeds" }) },
    claims: ({ steps }) => steps > 5 ? [claim] : [],
  });
  const setting = (steps: number) => ({ steps, replicas: 3 });
  assertEquals([10, 5].map((steps) => claimsOf(several, setting(steps)).length), [1, 0]);
  assertEquals(seedsOf(several, setting(1), 2 ** 32 - 2), [2 ** 32 - 2, 2 ** 32 - 1, 0]);
  assertEquals(seedsOf({ ...several, replicas: () => 2 }, setting(1), 5), [5, 6]);
  assertEquals(seedsOf(parts, { steps: 1 }, 5), [5]);
  assertEquals(["smoke", "cpu"].map((preset) => isTrial({}, preset)), [true, false]);
  assertEquals(isTrial({ trials: ["cpu"] }, "smoke"), false);
});
