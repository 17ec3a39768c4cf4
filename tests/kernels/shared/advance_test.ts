import { assertEquals } from "@std/assert";
import { advance } from "../../../kernels/shared/advance.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";

await openGpu();

Deno.test("the clock advances by its stride, never beyond its stop, never back", async () => {
  const cases = [
    [[0, 5, 1], [1, 5, 1]],
    [[3, 5, 16], [5, 5, 16]],
    [[5, 5, 1], [5, 5, 1]],
    [[7, 5, 1], [7, 5, 1]],
    [[0, 0, 1], [0, 0, 1]],
    [[4, 20, 8], [12, 20, 8]],
    [[0xffff_fff0, 0xffff_ffff, 64], [0xffff_ffff, 0xffff_ffff, 64]],
  ];
  for (const [before, after] of cases) {
    using clock = Tensor.from(Uint32Array.from(before), [3]);
    advance({ clock });
    assertEquals([...await clock.read()], after);
  }
});
