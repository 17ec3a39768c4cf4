import { assertEquals } from "@std/assert";
import type { ProgramTime } from "../../lib/gpu/profiler.ts";
import { joinPrograms } from "../../lib/tools/profile.ts";

const kernel = (name: string, elapsedMs: number, launches = 1) => ({
  ...{ program: "train", kernel: name, launches, elapsedMs, flops: 10, bytes: 20 },
});
const program = (
  replays: number,
  elapsedMs: number,
  kernels: ProgramTime["kernels"],
  plannedBytes = 8,
): ProgramTime => ({
  ...{ program: "train", replays, elapsedMs, plannedBytes, kernels },
  work: { launches: 2, bytes: 40, unfused: { launches: 2, bytes: 40 } },
});

Deno.test("programs of one label and the same launches are one, their times means over replays", () => {
  const joined = joinPrograms([
    program(1, 10, [kernel("matmul", 6), kernel("scale", 2)]),
    program(3, 6, [kernel("scale", 4), kernel("matmul", 2)], 16),
    program(5, 1, [kernel("matmul", 1, 2)]),
  ]);
  assertEquals(joined.map(({ replays, elapsedMs, plannedBytes }) => [replays, elapsedMs, plannedBytes]), [
    [4, 7, 16],
    [5, 1, 8],
  ]);
  assertEquals(joined[0].kernels.map(({ kernel, elapsedMs }) => [kernel, elapsedMs]), [["scale", 3.5], ["matmul", 3]]);
});
