import { assertEquals, assertMatch } from "@std/assert";
import { claimGpu } from "../../../lib/tools/sweep/gpu_claim.ts";

const adapter = {
  vendor: "NVIDIA",
  architecture: "",
  device: "9013",
  description: "H200",
  software: false,
  subgroupSize: 32,
};

Deno.test("the second task that opens a GPU is told of the first, others and software are nobody's concern", () => {
  const locks = Deno.makeTempDirSync();
  try {
    const claim = (where: string, task: string, more = {}) => claimGpu(locks, where, { ...adapter, ...more }, task);
    const first = claim("node1 0000:3b:00.0", "task 0");
    using _second = claim("node1 0000:3b:00.0", "task 1");
    using _third = claim("node1 0000:3b:00.0", "task 2");
    assertEquals([first.other, _second.other, _third.other], [null, "task 0", "task 0"]);
    using elsewhere = claim("node2 0000:3b:00.0", "task 3");
    using another = claim("node1 0000:5e:00.0", "task 4");
    using onChip = claim("node1 0000:3b:00.0", "task 5", { vendor: "Intel", description: "UHD" });
    assertEquals([elsewhere.other, another.other, onChip.other], [null, null, null]);
    for (const task of ["task 6", "task 7"]) assertEquals(claim("node1", task, { software: true }).other, null);
    // What is given back is free, whoever else has it.
    first[Symbol.dispose]();
    using next = claim("node1 0000:3b:00.0", "task 8");
    assertEquals(next.other, null);
    using last = claim("node1 0000:3b:00.0", "task 9");
    assertMatch(last.other!, /^task 8$/);
  } finally {
    Deno.removeSync(locks, { recursive: true });
  }
});
