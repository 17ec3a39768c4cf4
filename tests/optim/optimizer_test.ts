import { assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { adamw } from "../../lib/optim/adamw.ts";
import { cosineSchedule, warmUp } from "../../lib/optim/schedule.ts";
import { sgd } from "../../lib/optim/sgd.ts";
import { sgld } from "../../lib/optim/sgld.ts";

await openGpu();

const SPECS = { w: { shape: [3], init: { law: "constant", value: 1 } } } as const;

Deno.test("optimizer: one dispatch, three with clipping, whose norm is given back", async () => {
  using parameters = ParameterSet.create(SPECS, [1, 2]);
  using gradient = new Tensor(parameters.flat.shape);
  gradient.write([0, 3, 4, 0, 0.3, 0.4], 0);
  using clock = Tensor.from(Uint32Array.of(0, 10, 1));
  for (const clip of [undefined, 1]) {
    const optimizer = sgd({ lr: 1, clip });
    const state = optimizer.init(parameters);
    using program = await record("step", () => optimizer.update({ parameters, gradient, state, clock }));
    const norm = ["global_norm", "global_norm_root"];
    assertEquals(program.dispatches, [...(clip ? norm : []), "flat_sgd"]);
    program.replay();
    if (program.outputs) assertEquals([...await program.outputs.read()], [5, Math.fround(Math.hypot(0.3, 0.4))]);
  }
  // One step of −(3, 4), one of −(3, 4)/5; the short gradient of the second replica is taken twice as it is.
  const found = (await parameters.flat.read()).slice(0, 6);
  [1, -2.6, -3.8, 1, 0.4, 0.2].forEach((value, i) => assertEquals(Math.abs(found[i] - value) < 1e-6, true, `${i}`));
});

Deno.test("optimizer: hyper-parameters that are not allowed, or not one per replica, are refused by name", () => {
  using parameters = ParameterSet.create(SPECS, [1, 2]);
  const refuse = (make: () => ReturnType<typeof sgd>, message: string) =>
    assertThrows(() => make().init(parameters), RangeError, message);
  refuse(() => sgd({ lr: [0.1, 0.2, 0.3] }), 'sgd: expected one "lr" or 2, one per replica, found 3');
  refuse(() => sgd({ lr: -1 }), 'sgd: expected "lr" ≥ 0, found -1');
  refuse(() => sgd({ lr: NaN }), 'sgd: expected "lr" ≥ 0, found NaN');
  refuse(() => sgd({ lr: 1, momentum: 1 }), 'sgd: expected "momentum" in [0, 1), found 1');
  refuse(() => sgd({ lr: 1, nesterov: true }), 'sgd: expected "momentum" > 0 with nesterov, found 0');
  refuse(() => sgd({ lr: 1, clip: [1, 0] }), 'sgd: expected "clip" > 0, found 0');
  refuse(() => adamw({ lr: 1, betas: [0.9, 1] }), 'adamw: expected "betas" in [0, 1), found 1');
  refuse(() => adamw({ lr: 1, eps: 0 }), 'adamw: expected "eps" > 0, found 0');
  refuse(() => adamw({ lr: 1, weightDecay: -1 }), 'adamw: expected "weightDecay" ≥ 0, found -1');
  refuse(() => sgld({ lr: 1, temperature: -1 }), 'sgld: expected "temperature" ≥ 0, found -1');
  refuse(() => sgd({ lr: 1, schedule: warmUp(0.5) }), 'sgd: expected "warmup" of whole steps ≥ 0, found 0.5');
  refuse(
    () => sgd({ lr: 1, schedule: cosineSchedule({ steps: 5, floor: 2 }) }),
    'sgd: expected "floor" in [0, 1], found 2',
  );
  refuse(
    () => sgd({ lr: 1, schedule: warmUp([1, 5], cosineSchedule({ steps: 5 })) }),
    'sgd: expected "steps" above the warm-up of 5, found 5',
  );
});

Deno.test("optimizer: a gradient that is not laid out as the parameters is refused", () => {
  using parameters = ParameterSet.create(SPECS, [1, 2]);
  using gradient = new Tensor([6]);
  using clock = new Tensor([3], "u32");
  assertThrows(
    () => sgd({ lr: 1 }).update({ parameters, gradient, state: {}, clock }),
    ShapeError,
    "sgd: expected a flat gradient of shape (64), found (6)",
  );
});
