// y_i = Σ_j w_ij v_j, and the statistic of each row      for all queries of one head by PARTS invocations
//
// For few keys: an invocation has its share of them and of their values in registers while the queries of its head pass
// by, so that every number is read once and no lane idles, whatever the number of tokens.
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;  // (N, H, S)

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(LANE_INDEX) lane: u32) {
  let index = (group_index(group, groups) * LANES + lane) / PARTS;
  let part = lane % PARTS;
  // Lanes beyond the last head repeat it and write nothing: all take part in what lanes exchange.
  let live = index < dims.N * dims.H;
  let head = head_of(min(index, dims.N * dims.H - 1u));
  let first = part * KEYS;
  var k = array<vec4f, KEYS * PIECES>();
  var x = array<vec4f, KEYS * PIECES>();
  for (var j = 0u; j < KEYS; j++) { // unroll
    for (var v = 0u; v < PIECES; v++) { // unroll
      k[j * PIECES + v] = keys_piece(key_start(head, first + j), v);
      x[j * PIECES + v] = keys_piece(value_start(head, first + j), v);
    }
  }
  for (var i = 0u; i < dims.S; i++) {
    let seen = keys_seen(i);
    var own = array<vec4f, OWN>();
    for (var u = 0u; u < OWN; u++) { // unroll
      own[u] = dims.factor * queries_piece(query_start(head, i), own_piece(u, part));
    }
    var w = array<f32, KEYS>();
    for (var v = 0u; v < PIECES; v++) { // unroll
      let q = row_piece(own, v, lane);
      for (var j = 0u; j < KEYS; j++) { // unroll
        w[j] += dot(k[j * PIECES + v], q);
      }
    }
    var statistic = share_of(i);
    if (KIND == SOFTMAX) {
      statistic = LOWEST;
      for (var j = 0u; j < KEYS; j++) { // unroll
        statistic = max(statistic, select(LOWEST, w[j], first + j < seen));
      }
      statistic = largest_of(statistic, lane);
    }
    var total = 0.0;
    for (var j = 0u; j < KEYS; j++) { // unroll
      w[j] = select(0.0, weight_of(w[j], statistic), first + j < seen);
      total += w[j];
    }
    var share = 1.0;
    if (KIND == SOFTMAX) {
      total = sum_of(total, lane);
      share = 1.0 / total;
      statistic += log_accurate(total) * 1.4426950409;
    }
    for (var v = 0u; v < PIECES; v++) { // unroll
      var sum = vec4f();
      for (var j = 0u; j < KEYS; j++) { // unroll
        sum += w[j] * x[j * PIECES + v];
      }
      sum = vector_sum_of(sum, lane);
      if (v % PARTS == part) {
        own[v / PARTS] = share * sum;
      }
    }
    if (live && part == 0u) {
      statistics[statistic_at(head, i)] = statistic;
    }
    for (var u = 0u; u < OWN; u++) { // unroll
      if (live && owns(u, part)) {
        write_y(output_start(head, i), u * PARTS + part, own[u]);
      }
    }
  }
}
