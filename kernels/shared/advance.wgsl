// clock = (step, stop, stride):  step ← min(step + stride, stop)
//
// The last dispatch of a training step; kernels before it read the step of which they are part.
@group(0) @binding(0) var<storage, read_write> clock: array<u32>;  // (3)

@compute @workgroup_size(1) fn main() {
  // Neither the sum nor the difference may wrap around.
  let left = max(clock[0], clock[1]) - clock[0];
  clock[0] += min(clock[2], left);
}
