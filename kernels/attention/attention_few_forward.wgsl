// y_i = Σ_j w_ij v_j, and the statistic of each row      for all queries of one head by an invocation
//
// For few keys: an invocation has them and their values in registers while the queries of its head pass by, so that every
// number is read once and no lane idles, whatever the number of tokens.
const KEYS: u32 = 4u;
const LANES: u32 = 16u;
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;  // (N, H, S)

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * LANES + lane;
  if (index >= dims.N * dims.H) {
    return;
  }
  let head = head_of(index);
  var k = array<vec4f, KEYS * PIECES>();
  var x = array<vec4f, KEYS * PIECES>();
  for (var j = 0u; j < KEYS; j++) { // unroll
    for (var v = 0u; v < PIECES; v++) { // unroll
      k[j * PIECES + v] = keys_piece(key_start(head, j), v);
      x[j * PIECES + v] = keys_piece(value_start(head, j), v);
    }
  }
  for (var i = 0u; i < dims.S; i++) {
    let seen = keys_seen(i);
    var w = array<f32, KEYS>();
    for (var v = 0u; v < PIECES; v++) { // unroll
      let q = dims.factor * queries_piece(query_start(head, i), v);
      for (var j = 0u; j < KEYS; j++) { // unroll
        w[j] += dot(k[j * PIECES + v], q);
      }
    }
    var statistic = share_of(i);
    if (KIND == SOFTMAX) {
      statistic = LOWEST;
      for (var j = 0u; j < KEYS; j++) { // unroll
        statistic = max(statistic, select(LOWEST, w[j], j < seen));
      }
    }
    var total = 0.0;
    for (var j = 0u; j < KEYS; j++) { // unroll
      w[j] = select(0.0, weight_of(w[j], statistic), j < seen);
      total += w[j];
    }
    var share = 1.0;
    if (KIND == SOFTMAX) {
      share = 1.0 / total;
      statistic += log_accurate(total) * 1.4426950409;
    }
    statistics[statistic_at(head, i)] = statistic;
    for (var v = 0u; v < PIECES; v++) { // unroll
      var sum = vec4f();
      for (var j = 0u; j < KEYS; j++) { // unroll
        sum += w[j] * x[j * PIECES + v];
      }
      write_y(output_start(head, i), v, share * sum);
    }
  }
}
