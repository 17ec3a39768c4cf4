import { assertEquals } from "@std/assert";
import { requestDevice } from "../../lib/gpu/adapter.ts";

Deno.test("a driver that refuses subgroups is asked again without them, through a fresh adapter", async () => {
  const { requestDevice: original } = GPUAdapter.prototype;
  const asked: { adapter: GPUAdapter; features: string[] }[] = [];
  GPUAdapter.prototype.requestDevice = function (descriptor) {
    const features = [...descriptor?.requiredFeatures ?? []];
    asked.push({ adapter: this, features });
    if (features.includes("subgroups")) return Promise.reject(new TypeError("unsupported feature"));
    return original.call(this, descriptor);
  };
  try {
    const { device, adapter } = await requestDevice("software");
    device.destroy();
    const without = asked[0].features.filter((feature) => feature !== "subgroups");
    assertEquals(asked.map(({ features }) => features), [[...without, "subgroups"], without]);
    assertEquals(asked[0].adapter === asked[1].adapter, false);
    assertEquals(adapter.subgroupSize, 0);
  } finally {
    GPUAdapter.prototype.requestDevice = original;
  }
});
