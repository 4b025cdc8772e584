-- wrk -t1 -c1 -d5s --latency -s graphql.lua http://127.0.0.1:PORT   (KEY, DOCUMENT in the environment)
-- The same document again and again; DOCUMENT is the body of the request.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("KEY")
wrk.body = os.getenv("DOCUMENT")
wrk.path = "/graphql"
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %.3f %d %d\n",
    summary.requests, summary.errors.status, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99)))
end
