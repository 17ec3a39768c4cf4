import { assertEquals, assertMatch } from "@std/assert";
import { DivergenceError } from "../../lib/train/divergence.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { describeError, isDiskFull, RunError, UserError } from "../../lib/io/errors.ts";

await openGpu();
const here = Deno.cwd();
const HERE = / \(at tests\/io\/errors_test\.ts:\d+:\d+\)$/;
const cases: [unknown, string, number][] = [
  [new UserError("expected a, found b"), "expected a, found b", 2],
  [new RunError("it broke"), "it broke", 1],
  [
    new DivergenceError(3, 1200),
    "replica 3 diverged at step 1200: expected a finite loss, found none; lower the learning rate or the initial scale",
    1,
  ],
  [new Error("first\n  second\n\nthird"), "first; second; third", 1],
  [new TypeError(), "TypeError", 1],
  ["a bare text", "a bare text", 1],
  [undefined, "undefined", 1],
  [
    new Deno.errors.NotCapable(`Requires write access to "${here}/results/x", run again with the --allow-write flag`),
    "expected permission to write results/x, found none; run again with --allow-write=results/x",
    2,
  ],
  [
    new Deno.errors.NotCapable('Requires write access to "/elsewhere/x", run again with the --allow-write flag'),
    "expected permission to write /elsewhere/x, found none; run again with --allow-write=/elsewhere/x",
    2,
  ],
  [
    new Deno.errors.NotCapable('Requires all access to "/proc/x", run again with the --allow-all flag'),
    "expected a path outside of the system's own folders, found /proc/x",
    2,
  ],
  [
    new Deno.errors.NotCapable('Requires env access to "HOME", run again with the --allow-env flag'),
    "expected permission to env HOME, found none; run again with --allow-env=HOME",
    2,
  ],
  [
    new Deno.errors.NotCapable("Requires read access to <CWD>, run again with the --allow-read flag"),
    "expected permission to read <CWD>, found none; run again with --allow-read",
    2,
  ],
  [
    new Deno.errors.PermissionDenied("Permission denied (os error 13): mkdir 'results'"),
    "Permission denied (os error 13): mkdir 'results'",
    1,
  ],
];
for (const [error, line, exitCode] of cases) {
  Deno.test(`ends as one line: ${line}`, () => {
    const found = describeError(error, true);
    assertEquals(describeError(error), { line, exitCode: exitCode as 1 | 2 });
    assertEquals([found.line.replace(HERE, ""), found.exitCode], [line, exitCode]);
    const unexpected = error instanceof Error && exitCode === 1 && !(error instanceof RunError) &&
      !(error instanceof DivergenceError) && !("code" in error) &&
      !(error instanceof Deno.errors.PermissionDenied);
    assertEquals(HERE.test(found.line), unexpected);
  });
}

Deno.test("an unexpected error names the place in the experiment, not the one inside the library", () => {
  let caught: unknown;
  try {
    new Tensor([0]);
  } catch (error) {
    caught = error;
  }
  assertMatch(
    describeError(caught, true).line,
    /^tensor: expected a shape of positive integers, found \(0\) \(at tests\/io\/errors_test\.ts:\d+:5\)$/,
  );
});

Deno.test({
  name: "a full disk is told from other errors, as the system says it",
  ignore: Deno.build.os !== "linux",
  fn() {
    using file = Deno.openSync("/dev/full", { write: true });
    let caught: unknown;
    try {
      file.writeSync(new Uint8Array(1));
    } catch (error) {
      caught = error;
    }
    assertEquals(isDiskFull(caught), true);
    assertEquals(describeError(caught), {
      line: "disk full: expected space to write, found none (No space left on device (os error 28))",
      exitCode: 1,
    });
    assertEquals(isDiskFull(new Error("No space")), false);
    assertEquals(isDiskFull(null), false);
  },
});
