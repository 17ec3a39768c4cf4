// W[r,b,i,j] of a regression task y = W x: entries from a draw or from one of P pooled tasks, dense or diagonal
//
// One invocation per entry. The pooled task is chosen by draw (seed_r, key, step, item b).
const DENSE: u32 = 0u;
const POOLED: u32 = 0u;
// Numbers that a row of a fresh dense task takes; 0: D.
const STRIDE: u32 = 0u;
struct Dims { R: u32, B: u32, D: u32, P: u32, TASK: u32, C: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;        // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;        // (3)
@group(0) @binding(3) var<storage, read> fresh: array<f32>;        // (R, B, C)
@group(0) @binding(4) var<storage, read> pools: array<f32>;        // (R, P, TASK)
@group(0) @binding(5) var<storage, read_write> task: array<f32>;   // (R, B, D, D)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.B * dims.D * dims.D) {
    return;
  }
  let i = (entry / dims.D) % dims.D;
  let j = entry % dims.D;
  let item = entry / (dims.D * dims.D);
  let r = item / dims.B;
  if (DENSE == 0u && i != j) {
    task[entry] = 0.0;
    return;
  }
  let e = select(i, i * dims.D + j, DENSE == 1u);
  if (POOLED == 1u) {
    let choice = random_bits(seeds[r], dims.key, clock[0], item % dims.B, 0u).x % dims.P;
    task[entry] = pools[(r * dims.P + choice) * dims.TASK + e];
  } else {
    let row = select(dims.D, STRIDE, STRIDE > 0u);
    task[entry] = fresh[item * dims.C + select(i, i * row + j, DENSE == 1u)];
  }
}
