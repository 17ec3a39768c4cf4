/** Options of the experiment: what is refused, which law a setting stands for, where curves are looked at. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { check, presets, reportSteps, studySetting, taskLaw } from "../../../experiments/linear_icl/setting.ts";
import { UserError } from "../../../lib/io/errors.ts";
import { poolEntries } from "../../../lib/tasks/regression_prompts.ts";
import { settingOf } from "./synthetic.ts";

Deno.test("reportSteps: ascending integers from 0 to the last, dense on both axes, about as many as asked for", () => {
  for (const [last, count] of [[5000, 120], [400, 60], [40_000, 120], [10, 120], [1, 40]]) {
    const steps = reportSteps(last, count);
    assertEquals([steps[0], steps.at(-1)], [0, last]);
    assert(steps.every((step, index) => Number.isInteger(step) && (index === 0 || step > steps[index - 1])));
    assert(steps.length <= count + 1, `${steps.length} of ${count}`);
    const gap = Math.max(...steps.slice(1).map((step, index) => step - steps[index]));
    assert(gap <= Math.ceil(last / (count / 2)), `gap ${gap} up to ${last}`);
  }
  assertEquals(reportSteps(10, 120), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert(reportSteps(5000, 120).filter((step) => step <= 50).length >= 20);
});

Deno.test("check: refuses what no run can do in one line, and accepts every preset", () => {
  const refuse = (args: string[], message: string) => assertThrows(() => check(settingOf(...args)), UserError, message);
  refuse(["--contexts=4,2.5"], "expected --contexts to be integers, found 2.5");
  refuse(
    ["--sampler=tokens", "--context=4097"],
    "expected --context of at most 4096 with --sampler=tokens, found 4097",
  );
  refuse([`--spectrum=${Array(33).fill(1)}`], "expected --spectrum of at most 32 eigenvalues, found 33");
  check(settingOf("--sampler=tokens", "--context=4096"));
  check(settingOf("--context=16777216"));
  for (const preset of Object.values(presets)) check({ ...settingOf(), ...preset });
});

Deno.test("taskLaw: fresh and dense tasks by name, a pool by the moments of its own entries", () => {
  assertEquals(taskLaw(settingOf(), 1), { kind: "commuting" });
  assertEquals(taskLaw(settingOf("--tasks=dense"), 1), { kind: "dense", variance: 1 });
  const law = taskLaw(settingOf("--pool=3"), 7);
  assert(law.kind === "commuting" && law.moments !== undefined);
  const entries = poolEntries(7, 3, 2);
  const moment = (i: number, j: number) =>
    [0, 1, 2].reduce((sum, t) => sum + entries[2 * t + i] * entries[2 * t + j] / 3, 0);
  const expected = [moment(0, 0), moment(0, 1), moment(1, 0), moment(1, 1)];
  expected.forEach((value, index) => assert(Math.abs(law.moments![index] - value) < 1e-12));
});

Deno.test("studySetting: fresh tasks, statistics, a batch of its own; the rest as asked for", () => {
  const setting = settingOf("--pool=3", "--sampler=tokens", "--batch=17", "--study-batch=64", "--tasks=dense");
  const study = studySetting(setting);
  assertEquals([study.pool, study.sampler, study.batch, study.tasks], ["fresh", "statistics", 64, "dense"]);
  assertEquals(study.spectrum, setting.spectrum);
});
