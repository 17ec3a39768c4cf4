// order[b,k] = the p with the k-th value, sorted[b,k] = value[b,order[b,k]]      from the largest, ASCENDING: the smallest
//
// One invocation per value, which counts those that come before its own; equal values keep their order.
const ASCENDING: u32 = 0u;
struct Dims { B: u32, N: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> value: array<f32>;           // (B, N)
@group(0) @binding(2) var<storage, read_write> sorted: array<f32>;    // (B, N)
@group(0) @binding(3) var<storage, read_write> order: array<u32>;     // (B, N)

// A total order of the bits, so that every place is taken even if a value is no number. Both zeros are the same.
fn key(value: f32) -> u32 {
  var bits = bitcast<u32>(value);
  bits = select(bits, 0u, bits == 0x80000000u);
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.N) {
    return;
  }
  let first = index / dims.N * dims.N;
  let own = value[index];
  let mine = key(own);
  var place = 0u;
  for (var i = first; i < first + dims.N; i++) {
    let other = key(value[i]);
    let before = select(other > mine, other < mine, ASCENDING == 1u);
    place += select(0u, 1u, before || (other == mine && i < index));
  }
  sorted[first + place] = own;
  order[first + place] = index - first;
}
