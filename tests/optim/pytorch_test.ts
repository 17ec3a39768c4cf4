import { assertAlmostEquals } from "@std/assert";
import { advance } from "../../kernels/shared/advance.ts";
import { add } from "../../kernels/elementwise/binary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { tanh } from "../../kernels/elementwise/unary.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { ParameterSet, type Weights } from "../../lib/models/parameters.ts";
import { adam, adamw } from "../../lib/optim/adamw.ts";
import type { Optimizer } from "../../lib/optim/optimizer.ts";
import { cosineSchedule, linearSchedule, warmUp } from "../../lib/optim/schedule.ts";
import { sgd } from "../../lib/optim/sgd.ts";
import fixture from "./fixtures/torch.json" with { type: "json" };

await openGpu();

/** Names of the fixture's cases. */
type Case = keyof typeof fixture.cases;

const SHAPES = { w1: [6, 8], b1: [8], w2: [8, 4], b2: [4] } as const;
const SPECS = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape]) => [name, { shape, init: { law: "constant", value: 0 } as const }]),
);

/** Trains an ensemble whose replicas are cases of the fixture, and compares each with PyTorch. */
async function compare(optimizer: Optimizer, cases: readonly Case[]): Promise<void> {
  const R = cases.length;
  using x = Tensor.from(fixture.x, [1, 32, 6]);
  using targets = Tensor.from(Uint32Array.from(fixture.targets));
  using parameters = ParameterSet.create(SPECS, cases.map((_, r) => r));
  const names = Object.keys(SHAPES) as (keyof typeof SHAPES)[];
  parameters.flat.write(parameters.pack(names.map((name) => {
    const one = fixture.start[name];
    return { name, shape: [R, ...SHAPES[name]], data: Float32Array.from(cases.flatMap(() => one)) };
  })));
  const loss = ({ w1, b1, w2, b2 }: Weights) => {
    const hidden = tanh(add(matmul(x, w1), b1.reshape([R, 1, 8])));
    return crossEntropy(add(matmul(hidden, w2), b2.reshape([R, 1, 4])), targets);
  };
  const state = optimizer.init(parameters);
  using clock = Tensor.from(Uint32Array.of(0, 20, 1));
  using program = await record("train", () => {
    const row = loss(parameters.weights);
    optimizer.update({ parameters, gradient: parameters.gradient(row), state, clock });
    advance({ clock });
    return row;
  });
  const losses: Float32Array[] = [];
  for (let step = 0; step < 20; step++) {
    program.replay();
    losses.push(await program.outputs.read());
  }
  Object.values(state).forEach((tensor) => tensor.destroy());
  const final = await parameters.read();
  cases.forEach((name, r) => {
    const expected = fixture.cases[name];
    // The issue asks for 1e-4; roundings of 6e-8 grow in 20 steps to some 1e-6.
    losses.forEach((row, step) => assertAlmostEquals(row[r] / expected.losses[step], 1, 2e-5, `${name}, ${step}`));
    for (const { name: parameter, data } of final) {
      const values = expected.parameters[parameter as keyof typeof SHAPES];
      values.forEach((value, i) => {
        assertAlmostEquals(data[r * values.length + i], value, 2e-5, `${name}, ${parameter}[${i}]`);
      });
    }
  });
}

Deno.test("PyTorch: SGD, with weight decay, momentum and clipping", async () => {
  await compare(sgd({ lr: 0.3, weightDecay: [0, 0.1] }), ["sgd", "sgd decay"]);
  // One replica is not clipped, one has a norm of at most 0.1 (PyTorch's plus 1e-6, 1e-5 of it).
  await compare(
    sgd({ lr: [0.1, 0.5], momentum: 0.9, weightDecay: [0.01, 0], clip: [Infinity, 0.1] }),
    ["momentum", "sgd clipped"],
  );
});

Deno.test("PyTorch: SGD with Nesterov's momentum and a linear schedule", async () => {
  const schedule = linearSchedule({ steps: 16, floor: 0.25 });
  await compare(sgd({ lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.01, schedule }), ["nesterov linear"]);
});

Deno.test("PyTorch: Adam", async () => {
  await compare(adam({ lr: 0.02, weightDecay: 0.1 }), ["adam"]);
});

Deno.test("PyTorch: AdamW, two settings as one ensemble", async () => {
  const betas = [[0.9, 0.95], [0.98, 0.999]] as const;
  await compare(
    adamw({ lr: [0.03, 0.003], betas, eps: [1e-8, 1e-6], weightDecay: [1, 0.5] }),
    ["adamw", "adamw slow"],
  );
});

Deno.test("PyTorch: AdamW with a cosine, with and without warm-up as one ensemble", async () => {
  const schedule = warmUp([0, 5], cosineSchedule({ steps: 20, floor: 0.1 }));
  await compare(adamw({ lr: 0.05, schedule }), ["adamw cosine", "adamw warm-up"]);
});
