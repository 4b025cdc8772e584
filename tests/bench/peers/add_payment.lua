-- wrk -t1 -c32 -d15s --latency -s add_payment.lua http://127.0.0.1:PORT   (KEY and IDS in the environment)
-- Every request adds a payment of 1 to the next of the bills whose ids are the lines of the file IDS, each
-- under an idempotency key of its own.
local ids = {}
for line in io.lines(os.getenv("IDS")) do ids[#ids + 1] = line end
local n = 0
local run = os.getenv("RUN") or tostring(os.time())
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. (os.getenv("KEY") or "")
local body = '{"paymentMethod":"CARD","amount":1,"paidAt":"2026-11-22T14:00:00+09:00"}'
request = function()
  n = n + 1
  wrk.headers["Idempotency-Key"] = run .. "-" .. n
  return wrk.format("POST", "/v1/bills/" .. ids[n % #ids + 1] .. "/payments", nil, body)
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %.3f %d %d\n",
    summary.requests, summary.errors.status, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99)))
end
