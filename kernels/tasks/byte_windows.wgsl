// tokens[r,b,t] = byte (first + start + t),   start uniform below `starts`: draw (seed_r, key, step, b)
//
// One invocation per token. Four bytes a word, the lowest first.
struct Dims { R: u32, B: u32, T: u32, first: u32, starts: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;             // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;             // (3)
@group(0) @binding(3) var<storage, read> bytes: array<u32>;             // (W)
@group(0) @binding(4) var<storage, read_write> tokens: array<u32>;      // (R, B, T)
@group(0) @binding(5) var<storage, read_write> start: array<u32>;       // (R, B)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.B * dims.T) {
    return;
  }
  let sequence = entry / dims.T;
  let bits = random_bits(seeds[sequence / dims.B], dims.key, clock[0], sequence % dims.B, 0u);
  let origin = dims.first + uniform_below(bits, dims.starts);
  let position = origin + entry % dims.T;
  tokens[entry] = (bytes[position / 4u] >> (8u * (position % 4u))) & 0xffu;
  if (entry % dims.T == 0u) {
    start[sequence] = origin;
  }
}
