import { assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { check, options, presets } from "../../../experiments/icl_emergence/setting.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";
import { UserError } from "../../../lib/io/errors.ts";

const here = fromFileUrl(import.meta.url);
const settingOf = (preset: string, ...args: readonly string[]) =>
  parseCommandLine([`--preset=${preset}`, ...args], options, presets, 1).configuration;

Deno.test("every preset can run", () => {
  for (const preset of Object.keys(presets)) {
    check(settingOf(preset, ...(preset === "cpu-text" ? [`--text=${here}`] : [])));
  }
});

Deno.test("what no run can do is refused, with what was found", () => {
  const refusals = [
    [["--task=text"], "expected --text=FILE with --task=text, found none"],
    [["--task=text", "--text=/nowhere"], "expected --text to name a readable file, found /nowhere"],
    [["--task=text", "--text=/"], "expected --text to name a readable file, found /"],
    [["--text=x"], "expected --task=text with --text, found --task=repeated"],
    [["--width=15"], "expected --width divisible by 2 heads, found 15"],
    [["--depths=1.5"], "expected --depths to be integers, found 1.5"],
    [["--depths=2,2"], "expected distinct --depths, found 2,2"],
    [["--block-to=2"], "expected --block-to of at least --block-from, found 2"],
    [["--block-to=9"], "expected --block-to of at most half of --length 16, found 9"],
    [["--width=4"], "expected heads of more than 3 dimensions, found 2"],
    [["--top-k=5"], "expected --top-k of at most half a head's 8 dimensions, found 5"],
    [["--intervene-at=1,1"], "expected distinct --intervene-at, found 1,1"],
    [
      ["--task=text", "--text=x", "--control=no"],
      "expected --control=yes with --task=text, whose windows are held against it, found no",
    ],
    [["--steps=121"], "expected --steps to be at least eight times --every, a multiple, found 121"],
  ] as const;
  for (const [args, message] of refusals) {
    assertStringIncludes(assertThrows(() => check(settingOf("smoke", ...args)), UserError).message, message);
  }
});
