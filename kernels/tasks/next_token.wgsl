// inputs[r,b,t] = tokens[r,b,t],   targets[r,b,t] = tokens[r,b,t+1],   t < T = S − 1
//
// One invocation per position.
struct Dims { R: u32, B: u32, S: u32, T: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;            // (R, B, S)
@group(0) @binding(2) var<storage, read_write> inputs: array<u32>;      // (R, B, T)
@group(0) @binding(3) var<storage, read_write> targets: array<u32>;     // (R, B, T)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.B * dims.T) {
    return;
  }
  let token = entry / dims.T * dims.S + entry % dims.T;
  inputs[entry] = tokens[token];
  targets[entry] = tokens[token + 1u];
}
