import { assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import type { Bound, Launch } from "../../lib/gpu/launch.ts";
import { planMemory } from "../../lib/gpu/plan.ts";
import { type DType, Tensor } from "../../lib/gpu/tensor.ts";

await openGpu();

const planned = (label: string, size = 1) => Tensor.planned([size], "f32", label);

/** A launch that only has to be planned. */
function launch(label: string, tensors: [Tensor, Bound["access"]][]): Launch {
  const bound = tensors.map(([tensor, access], slot) => ({ slot, tensor, access }));
  return { label, groups: [1, 1, 1], uniform: null, tensors: bound } as unknown as Launch;
}

/** A launch that writes `to` from `from`. */
const map = (label: string, from: Tensor[], to: Tensor) =>
  launch(label, [...from.map((tensor): [Tensor, "read"] => [tensor, "read"]), [to, "write"]]);

Deno.test("plan: what is alive at the same time never shares a buffer, and what is not does", () => {
  // A pseudo-random chain of operations over tensors of several sizes; checked against a replay of who holds which buffer.
  using input = new Tensor([4]);
  const tensors = [input];
  const launches: Launch[] = [];
  let state = 12345;
  const random = (below: number) => (state = (state * 1103515245 + 12345) % 2 ** 31) % below;
  for (let i = 0; i < 300; i++) {
    const from = [tensors[Math.max(0, tensors.length - 1 - random(6))], tensors[random(tensors.length)]];
    const to = planned(`t${i}`, 1 + random(50));
    launches.push(map(`l${i}`, from, to));
    tensors.push(to);
  }
  const kept = new Set([tensors.at(-1)!.memory, tensors[150].memory]);
  const plan = planMemory(launches, kept);
  const holder = new Map<number, Tensor<DType>>();
  let unshared = 0;
  for (const { tensors } of plan.launches) {
    for (const { tensor, access } of tensors) {
      const index = plan.buffer.get(tensor.memory);
      if (index === undefined) continue;
      assertEquals(plan.buffers[index] >= tensor.memory.bytes, true);
      if (access === "write") {
        holder.set(index, tensor);
        unshared += tensor.memory.bytes;
      } else assertEquals(holder.get(index)?.label, tensor.label, "its content is still there");
    }
  }
  for (const memory of kept) assertEquals([...holder.values()].some((tensor) => tensor.memory === memory), true);
  const total = plan.buffers.reduce((sum, bytes) => sum + bytes, 0);
  assertEquals(total < unshared / 2, true, `${total} of ${unshared} bytes`);
});

Deno.test("plan: a launch is needed for what is kept, for outside memory, and for what needed launches read", () => {
  using outside = new Tensor([1]);
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => planned(name));
  const launches = [
    map("makes a", [outside], a),
    map("makes b", [a], b),
    map("makes c", [a], c),
    launch("updates d", [[c, "read"], [d, "write"]]),
    launch("changes b in place", [[b, "update"]]),
    launch("updates outside", [[b, "read"], [outside, "update"]]),
  ];
  const labels = (kept: Tensor[]) =>
    planMemory(launches, new Set(kept.map(({ memory }) => memory))).launches.map(({ label }) => label);
  assertEquals(labels([]), ["makes a", "makes b", "changes b in place", "updates outside"]);
  assertEquals(labels([d]).length, 6);
});

Deno.test("plan: an in-place change of what no kernel wrote is refused", () => {
  using outside = new Tensor([1]);
  const a = planned("a");
  const launches = [launch("grows", [[a, "update"], [outside, "update"]])];
  assertThrows(
    () => planMemory(launches, new Set()),
    ShapeError,
    'grows: expected "a" to be written before it is read, found no kernel',
  );
});

Deno.test("plan: what is small and lives long takes no buffer that large tensors need again", () => {
  using outside = new Tensor([1]);
  const streams = Array.from({ length: 6 }, (_, i) => planned(`stream ${i}`, 10));
  const launches: Launch[] = [map("embed", [outside], streams[0])];
  streams.slice(1).forEach((stream, i) => {
    const wide = planned(`wide ${i}`, 100);
    launches.push(map(`widen ${i}`, [streams[i]], wide), map(`narrow ${i}`, [wide], stream));
  });
  launches.push(launch("read", [...streams.map((one): [Tensor, "read"] => [one, "read"]), [outside, "update"]]));
  const { buffers } = planMemory(launches, new Set());
  assertEquals(buffers.reduce((sum, bytes) => sum + bytes, 0), 4 * (100 + 6 * 10));
});
