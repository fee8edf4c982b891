-- What wrk sends: the marks of ever new employees, spread over SITES sites; and what it prints at the end.
local sites = tonumber(os.getenv("SITES"))
local run = os.getenv("RUN")
local headers = { ["Content-Type"] = "application/json" }
local first = tonumber(run, 16) % sites
local sent = 0

function request()
  sent = sent + 1
  local path = string.format("/sites/s%d/attendance", (first + sent) % sites)
  local body = string.format('{"employee_id":"E%s-%d","name":"Ana Park","status":"Present"}', run, sent)
  return wrk.format("POST", path, headers, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local p50, p99, p999 = latency:percentile(50), latency:percentile(99), latency:percentile(99.9)
  print(string.format("DONE %d %d %d %d %d %d", summary.requests, summary.duration, failed, p50, p99, p999))
end
