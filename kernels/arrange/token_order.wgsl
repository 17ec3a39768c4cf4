// order[s, PASSES mod 2, ·] = positions n of tokens[s,n] such that equal tokens stand side by side, each in order of n
//
// One workgroup per s: a stable radix sort by digits of four bits, from one half of `order` to the other. Each lane takes
// a stretch of positions and counts its digits; counts in order of digit, then lane, add up to where each lane puts them.
const PASSES: u32 = 2u;
const LANES: u32 = 128u;
const DIGITS: u32 = 16u;
struct Dims { S: u32, N: u32, V: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;       // (S, N)
@group(0) @binding(2) var<storage, read_write> order: array<u32>;  // (S, 2, N)

var<workgroup> counts: array<u32, 2048>;  // (DIGITS, LANES)
var<workgroup> sums: array<u32, 256>;     // (2, LANES)

@compute @workgroup_size(128) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let s = group_index(group, groups);
  if (s >= dims.S) {
    return;
  }
  let stretch = (dims.N + LANES - 1u) / LANES;
  let first = min(lane * stretch, dims.N);
  let end = min(first + stretch, dims.N);
  for (var pass_number = 0u; pass_number < PASSES; pass_number++) { // unroll
    let from_half = (s * 2u + pass_number % 2u) * dims.N;
    let to_half = (s * 2u + 1u - pass_number % 2u) * dims.N;
    for (var digit = 0u; digit < DIGITS; digit++) { // unroll
      counts[digit * LANES + lane] = 0u;
    }
    for (var j = first; j < end; j++) {
      var n = j;
      if (pass_number > 0u) {
        n = order[from_half + j];
      }
      let digit = (min(tokens[s * dims.N + n], dims.V - 1u) >> (4u * pass_number)) % DIGITS;
      counts[digit * LANES + lane] += 1u;
    }
    workgroupBarrier();

    // Exclusive prefix sums of all counts: within DIGITS neighbours here, over lanes by doubling.
    var own = 0u;
    for (var k = 0u; k < DIGITS; k++) { // unroll
      own += counts[lane * DIGITS + k];
    }
    sums[lane] = own;
    var half = 0u;
    for (var reach = 1u; reach < LANES; reach *= 2u) {
      workgroupBarrier();
      var sum = sums[half * LANES + lane];
      if (lane >= reach) {
        sum += sums[half * LANES + lane - reach];
      }
      half = 1u - half;
      sums[half * LANES + lane] = sum;
    }
    var before = sums[half * LANES + lane] - own;
    for (var k = 0u; k < DIGITS; k++) { // unroll
      let count = counts[lane * DIGITS + k];
      counts[lane * DIGITS + k] = before;
      before += count;
    }
    workgroupBarrier();

    for (var j = first; j < end; j++) {
      var n = j;
      if (pass_number > 0u) {
        n = order[from_half + j];
      }
      let digit = (min(tokens[s * dims.N + n], dims.V - 1u) >> (4u * pass_number)) % DIGITS;
      let place = counts[digit * LANES + lane];
      counts[digit * LANES + lane] = place + 1u;
      order[to_half + place] = n;
    }
    storageBarrier();
    workgroupBarrier();
  }
}
