/** Options of the experiment: what is refused, and what the studies take from them. */
import { assertEquals, assertThrows } from "@std/assert";
import { check, presets, studySetting } from "../../../experiments/linear_icl/options.ts";
import { UserError } from "../../../lib/io/errors.ts";
import { settingOf } from "./synthetic.ts";

Deno.test("check: refuses what no run can do in one line, and accepts every preset", () => {
  const refuse = (args: string[], message: string) => assertThrows(() => check(settingOf(...args)), UserError, message);
  refuse(
    ["--sampler=tokens", "--context=4097"],
    "expected --context of at most 4096 with --sampler=tokens, found 4097",
  );
  refuse([`--spectrum=${Array(33).fill(1)}`], "expected --spectrum of at most 32 eigenvalues, found 33");
  check(settingOf("--sampler=tokens", "--context=4096"));
  check(settingOf("--context=16777216"));
  for (const preset of Object.values(presets)) check({ ...settingOf(), ...preset });
});

Deno.test("studySetting: fresh tasks, statistics, a batch of its own; the rest as asked for", () => {
  const setting = settingOf("--pool=3", "--sampler=tokens", "--batch=17", "--study-batch=64", "--tasks=dense");
  const study = studySetting(setting);
  assertEquals([study.pool, study.sampler, study.batch, study.tasks], ["fresh", "statistics", 64, "dense"]);
  assertEquals(study.spectrum, setting.spectrum);
});
