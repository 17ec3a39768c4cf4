import { assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { check, options, presets } from "../../../experiments/icl_emergence/setting.ts";
import { UserError } from "../../../lib/io/errors.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";

const here = fromFileUrl(import.meta.url);
const checked = (preset: string, ...args: readonly string[]) =>
  check(parseCommandLine([`--preset=${preset}`, ...args], options, presets).configuration);

Deno.test("every preset can run", () => {
  for (const preset of Object.keys(presets)) checked(preset, ...(preset === "cpu-text" ? [`--text=${here}`] : []));
});

Deno.test("what no run can do is refused, with what was found", () => {
  const refusals = [
    [["--task=text"], "expected --text=FILE with --task=text, found none"],
    [["--task=text", "--text=/nowhere"], "expected --text to name a readable file, found /nowhere"],
    [["--task=text", "--text=/"], "expected --text to name a readable file, found /"],
    [["--text=x"], "expected --task=text with --text, found --task=repeated"],
    [
      ["--task=text", "--text=x", "--no-control"],
      "expected --control with --task=text, whose windows are held against it, found --no-control",
    ],
    [["--width=15"], "expected --width divisible by 2 heads, found 15"],
    [["--depths=1.5"], 'distinct integers ≥ 1 and ≤ 16, found "1.5"'],
    [["--depths=2,2"], 'distinct integers ≥ 1 and ≤ 16, found "2" as entry 2'],
    [["--block-to=2"], "expected --block-to of at least --block-from, found 2"],
    [["--block-to=9"], "expected --block-to of at most half of --length 16, found 9"],
    [["--width=4"], "expected heads of more than 3 dimensions, found 2"],
    [["--top-k=5"], "expected --top-k of at most half a head's 8 dimensions, found 5"],
    [["--intervene-at=1,1"], "expected distinct --intervene-at, found 1,1"],
    [["--steps=121"], "expected --steps to be at least eight times --every, a multiple, found 121"],
  ] as const;
  for (const [args, message] of refusals) {
    assertStringIncludes(assertThrows(() => checked("smoke", ...args), UserError).message, message);
  }
});
