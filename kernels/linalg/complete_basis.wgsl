// u[b,:,k] ← (e − Σ_{j<k} u[b,:,j] <u[b,:,j], e>) / |…|      for columns k without a direction, e the unit vector farthest
//                                                          from the columns before, and for those after
//
// One workgroup per matrix; columns from `start` to before `end`. Directions missing come last, as values are sorted. Orthogonalised twice, which is enough. Needs M ≥ N.
struct Dims { B: u32, M: u32, N: u32, start: u32, end: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> factors: array<f32>;              // (B, N, 2)
@group(0) @binding(2) var<storage, read> order: array<u32>;                // (B, N)
@group(0) @binding(3) var<storage, read_write> u: array<f32>;              // (B, M, N)
@group(0) @binding(4) var<storage, read_write> coefficients: array<f32>;   // (B, N)

var<workgroup> parts: array<f32, 64>;
var<workgroup> places: array<u32, 64>;

// u[m,·] · coefficients over the columns before k, eight to a loop iteration
fn combination(b: u32, m: u32, k: u32) -> f32 {
  var sum = 0.0;
  for (var j = 0u; j < k; j += 8u) {
    for (var i = 0u; i < 8u; i++) { // unroll
      if (j + i < k) {
        sum += u[(b * dims.M + m) * dims.N + j + i] * coefficients[b * dims.N + j + i];
      }
    }
  }
  return sum;
}

fn remainder(b: u32, m: u32, k: u32) -> f32 {
  var sum = 1.0;
  for (var j = 0u; j < k; j += 8u) {
    for (var i = 0u; i < 8u; i++) { // unroll
      if (j + i < k) {
        let entry = u[(b * dims.M + m) * dims.N + j + i];
        sum -= entry * entry;
      }
    }
  }
  return sum;
}

fn product(b: u32, j: u32, k: u32) -> f32 {
  var sum = 0.0;
  for (var m = 0u; m < dims.M; m += 8u) {
    for (var i = 0u; i < 8u; i++) { // unroll
      if (m + i < dims.M) {
        sum += u[(b * dims.M + m + i) * dims.N + j] * u[(b * dims.M + m + i) * dims.N + k];
      }
    }
  }
  return sum;
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let b = group_index(group, groups);
  if (b >= dims.B) {
    return;
  }
  var first = 0u;
  while (first < dims.end && factors[2u * (b * dims.N + order[b * dims.N + first])] > 0.0) {
    first++;
  }
  for (var k = max(first, dims.start); k < dims.end; k++) {
    var most = -1.0;
    var place = 0u;
    for (var m = lane; m < dims.M; m += 64u) {
      let rest = remainder(b, m, k);
      if (rest > most) {
        most = rest;
        place = m;
      }
    }
    parts[lane] = most;
    places[lane] = place;
    workgroupBarrier();
    for (var i = 0u; i < 64u; i++) {
      if (parts[i] > most) {
        most = parts[i];
        place = places[i];
      } else if (parts[i] == most) {
        place = min(place, places[i]);
      }
    }
    for (var j = lane; j < k; j += 64u) {
      coefficients[b * dims.N + j] = u[(b * dims.M + place) * dims.N + j];
    }
    storageBarrier();
    for (var m = lane; m < dims.M; m += 64u) {
      u[(b * dims.M + m) * dims.N + k] = select(0.0, 1.0, m == place) - combination(b, m, k);
    }
    storageBarrier();
    for (var j = lane; j < k; j += 64u) {
      coefficients[b * dims.N + j] = product(b, j, k);
    }
    storageBarrier();
    var squares = 0.0;
    for (var m = lane; m < dims.M; m += 64u) {
      let entry = u[(b * dims.M + m) * dims.N + k] - combination(b, m, k);
      u[(b * dims.M + m) * dims.N + k] = entry;
      squares += entry * entry;
    }
    parts[lane] = squares;
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < 64u; i++) {
      sum += parts[i];
    }
    for (var m = lane; m < dims.M; m += 64u) {
      u[(b * dims.M + m) * dims.N + k] /= sqrt(sum);
    }
    storageBarrier();
    workgroupBarrier();
  }
}
