import { assertEquals, assertThrows } from "@std/assert";
import { type Claim, column, defineExperiment, judgeInterval, option } from "../../lib/run/mod.ts";

const claim: Claim<number> = {
  id: "one",
  statement: "x is 1",
  source: "text",
  criterion: "within 0.1",
  judge: (x) => judgeInterval(1, { centre: x, low: x, high: x }, { from: 0.9, to: 1.1 }),
};
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

Deno.test("types of options, rows and evidence reach the run", () => {
  defineExperiment({
    ...parts,
    run({ configuration, log, judge }) {
      const steps: number = configuration.steps;
      log("train", { loss: steps });
      judge(1);
      // @ts-expect-error evidence is a number
      const wrongEvidence = () => judge("1");
      // @ts-expect-error loss is a number
      const wrongType = () => log("train", { loss: "1" });
      // @ts-expect-error every column is needed
      const missing = () => log("train", {});
      // @ts-expect-error this kind of row is not declared
      const unknown = () => log("measure", {});
      return Promise.resolve(void [wrongEvidence, wrongType, missing, unknown]);
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
