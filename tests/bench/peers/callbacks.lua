-- wrk -t1 -c50 -d5s --latency -s callbacks.lua http://127.0.0.1:PORT   (KEY, REQUEST in the environment)
-- The provider reports one payment in 1,000 different contents, over and over.
local n = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local body = '{"apikey":"%s","bill_id":"%s","appr_state":"F","appr_price":"50000","appr_num":"%d"}'
request = function()
  n = n + 1
  return wrk.format("POST", "/callbacks/payssam", nil,
    string.format(body, os.getenv("KEY"), os.getenv("REQUEST"), n % 1000))
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %.3f %d %d\n",
    summary.requests, summary.errors.status, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99)))
end
