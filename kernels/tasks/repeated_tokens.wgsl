// tokens[r,b,t] = number (t mod L) of draw (seed_r, key, step, b), uniform below V;   L = block[r,b] uniform in low … high
//
// One invocation per token.
struct Dims { R: u32, B: u32, T: u32, V: u32, low: u32, high: u32, key: u32, block_key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;             // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;             // (3)
@group(0) @binding(3) var<storage, read_write> tokens: array<u32>;      // (R, B, T)
@group(0) @binding(4) var<storage, read_write> block: array<u32>;       // (R, B)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.B * dims.T) {
    return;
  }
  let t = entry % dims.T;
  let sequence = entry / dims.T;
  let b = sequence % dims.B;
  let seed = seeds[sequence / dims.B];
  let span = dims.high - dims.low + 1u;
  let length = dims.low + uniform_below(random_bits(seed, dims.block_key, clock[0], b, 0u), span);
  tokens[entry] = uniform_below(random_bits(seed, dims.key, clock[0], b, t % length), dims.V);
  if (t == 0u) {
    block[sequence] = length;
  }
}
